-- Is there a unique index on symbol and date that an upsert can go by, is this a table at all, and
-- may its owner's triggers or rules change what is stored?
select
    relkind in ('r', 'p') as is_table,
    exists (
        select
        from pg_index
        where
            indrelid = pg_class.oid
            and indisunique
            and indisvalid
            and indimmediate
            and indpred is null
            and indexprs is null
            and (
                select array_agg(attname::text order by attname)
                from pg_attribute
                where attrelid = indrelid and attnum = any(indkey[0:indnkeyatts - 1])
            ) = '{date,symbol}'
    ) as has_key,
    relhastriggers or relhasrules as meddles
from pg_class
where oid = to_regclass('stock_data')
