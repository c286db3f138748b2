-- Where a newer extract was published it is right: what an older one holds there is not open.
update stock_data_quarantine as held set
    superseded_by = (
        select newer.run_id
        from stock_data_publications as newer
        where
            newer.extracted_at > %(extracted_at)s::timestamptz
            and held.symbol = any(newer.symbols)
            and held.date >= coalesce(newer.first_date, '-infinity')
            and held.date <= coalesce(newer.last_date, 'infinity')
        order by newer.extracted_at desc
        limit 1
    ),
    superseded_at = now()
where
    held.run_id = %(run_id)s
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and exists (
        select
        from stock_data_publications as newer
        where
            newer.extracted_at > %(extracted_at)s::timestamptz
            and held.symbol = any(newer.symbols)
            and held.date >= coalesce(newer.first_date, '-infinity')
            and held.date <= coalesce(newer.last_date, 'infinity')
    )
