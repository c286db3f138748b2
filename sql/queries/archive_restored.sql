-- These symbols of a file are in the table again; without any left the file is done with.
update {schema}.archived_bars as kept set
    symbols = array(
        select one.symbol
        from unnest(kept.symbols) with ordinality as one (symbol, place)
        where one.symbol <> all(%(symbols)s::text [])
        order by one.place
    ),
    rows = kept.rows - %(rows)s,
    restored_at = case when kept.symbols <@ %(symbols)s::text [] then now() end,
    restored_by = %(by)s
where kept.id = %(id)s and kept.restored_at is null
