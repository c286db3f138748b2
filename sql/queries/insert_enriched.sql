insert into stock_data_enriched (
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, remarks, repaired, run_id, extracted_at, digest{more}
)
select
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, remarks, repaired, %(run_id)s, %(extracted_at)s,
    {digest}{more}
from staged_enriched
