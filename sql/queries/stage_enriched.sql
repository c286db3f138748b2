create temporary table staged_enriched on commit drop as
select
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, remarks, repaired{more}
from stock_data_enriched
with no data
