-- Published bars of a range with as many before it and behind it, of each symbol. Of one that has
-- none behind the range none at all, unless they are wanted all the same.
select
    bar.symbol,
    bar.date,
    bar.high::double precision as high,
    bar.low::double precision as low,
    bar.close::double precision as close{more}
from unnest(%(symbols)s::text[]) as wanted (symbol)
cross join lateral (
    (
        select *
        from stock_data_enriched as earlier
        where
            earlier.symbol = wanted.symbol
            and earlier.date < coalesce(%(start)s::timestamp, '-infinity')
        order by earlier.date desc
        limit %(bars)s
    )
    union all
    (
        select *
        from stock_data_enriched as within
        where
            within.symbol = wanted.symbol
            and within.date >= coalesce(%(start)s::timestamp, '-infinity')
            and within.date <= coalesce(%(end)s::timestamp, 'infinity')
    )
    union all
    (
        select *
        from stock_data_enriched as later
        where
            later.symbol = wanted.symbol
            and later.date > coalesce(%(end)s::timestamp, 'infinity')
        order by later.date
        limit %(bars)s
    )
) as bar
where
    %(all)s
    or exists (
        select
        from stock_data_enriched as behind
        where
            behind.symbol = wanted.symbol
            and behind.date > coalesce(%(end)s::timestamp, 'infinity')
    )
