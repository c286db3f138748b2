select
    count(*) filter (where published.symbol is null) as new,
    count(*) filter (
        where
            published.symbol is not null
            and (
                published.open, published.high, published.low, published.close, published.volume,
                published.daily_return, published.price_range, published.price_range_pct
            ) is distinct from (
                staged.open, staged.high, staged.low, staged.close, staged.volume,
                staged.daily_return, staged.price_range, staged.price_range_pct
            )
    ) as changed
from staged_enriched as staged
left join stock_data_enriched as published using (symbol, date)
