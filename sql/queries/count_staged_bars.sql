select
    count(*) filter (where kept.symbol is null) as new,
    count(*) filter (
        where
            kept.symbol is not null
            and (kept.open, kept.high, kept.low, kept.close, kept.volume)
            is distinct from (staged.open, staged.high, staged.low, staged.close, staged.volume)
    ) as changed
from staged_bars as staged
left join stock_data as kept using (symbol, date)
