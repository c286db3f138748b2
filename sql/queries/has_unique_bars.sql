select exists (
    select
    from pg_index
    where
        indrelid = to_regclass(%(table)s)
        and indisunique
        and indisvalid
        and indpred is null
        and (
            select array_agg(attname::text order by attname)
            from pg_attribute
            where attrelid = indrelid and attnum = any(indkey) and attnotnull
        ) = %(key)s
)
