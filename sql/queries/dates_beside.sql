-- The dates of each symbol's last published bars before a range, and of its first one behind it.
select
    wanted.symbol,
    bar.date
from unnest(%(symbols)s::text[]) as wanted (symbol)
cross join lateral (
    (
        select earlier.date
        from stock_data_enriched as earlier
        where earlier.symbol = wanted.symbol and earlier.date < %(start)s
        order by earlier.date desc
        limit %(bars)s
    )
    union all
    (
        select later.date
        from stock_data_enriched as later
        where later.symbol = wanted.symbol and later.date > %(end)s
        order by later.date
        limit 1
    )
) as bar
