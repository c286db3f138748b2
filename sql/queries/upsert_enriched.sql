insert into stock_data_enriched (
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, run_id
)
select
    symbol, date, open, high, low, close, volume,
    daily_return, price_range, price_range_pct, %(run_id)s
from staged_enriched
on conflict (symbol, date) do update set
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    volume = excluded.volume,
    daily_return = excluded.daily_return,
    price_range = excluded.price_range,
    price_range_pct = excluded.price_range_pct,
    run_id = excluded.run_id,
    published_at = excluded.published_at
