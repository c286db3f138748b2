delete from stock_data_enriched as published
where
    published.symbol = any(%(symbols)s)
    and published.date >= coalesce(%(start)s::date, '-infinity')
    and published.date <= coalesce(%(end)s::date, 'infinity')
    and not exists (
        select
        from staged_enriched as staged
        where
            staged.symbol = published.symbol
            and staged.date = published.date
    )
