-- Is there a unique index on symbol and date that an upsert can go by, what kind of a table is this,
-- may its owner's triggers or rules change what is stored (those of a partition too), and which table
-- inherits from it, where no key of it holds?
select
    relkind::text as kind,
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
    relhastriggers or relhasrules or exists (
        select
        from pg_partition_tree(pg_class.oid) as part
        inner join pg_class as within on part.relid = within.oid
        where within.relhastriggers or within.relhasrules
    ) as meddles,
    case
        when relkind = 'r' then (
            select inhrelid::regclass::text as heir
            from pg_inherits
            where inhparent = pg_class.oid
            order by heir
            limit 1
        )
    end as heir
from pg_class
where oid = to_regclass('stock_data') and relkind in ('r', 'p', 'v', 'm', 'f')
