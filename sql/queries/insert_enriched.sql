insert into stock_data_enriched (
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, remarks, run_id, extracted_at
)
select
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, remarks, %(run_id)s, %(extracted_at)s
from staged_enriched
