-- Where a newer extract was published it is right, also about bars that it no longer had.
delete from staged_enriched as staged
where exists (
    select
    from stock_data_publications as newer
    where
        newer.extracted_at > %(extracted_at)s
        and staged.symbol = any(newer.symbols)
        and staged.date >= coalesce(newer.first_date, '-infinity')
        and staged.date <= coalesce(newer.last_date, 'infinity')
)
