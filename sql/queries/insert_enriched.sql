insert into stock_data_enriched (
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, run_id
)
select
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, %(run_id)s
from staged_enriched
