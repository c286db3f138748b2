select distinct on (symbol)
    symbol,
    close
from stock_data_enriched
where
    symbol = any(%(symbols)s)
    and date < %(start)s
order by symbol, date desc
