-- As edge_bars, for every bar of the symbols: where bars of a newer extract stayed, edges are anywhere.
select
    symbol,
    date,
    close,
    daily_return,
    lag(close) over (partition by symbol order by date) as previous_close
from stock_data_enriched
where symbol = any(%(symbols)s)
