insert into stock_data as kept (symbol, date, open, high, low, close, volume)
select symbol, date, open, high, low, close, volume
from staged_bars
where position >= %(first)s and position < %(end)s
on conflict (symbol, date) do update set
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    volume = excluded.volume{touched}
where
    (kept.open, kept.high, kept.low, kept.close, kept.volume)
    is distinct from (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
