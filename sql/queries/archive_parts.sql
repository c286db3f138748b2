-- A table and its partitions.
select
    space.nspname as schema,
    found.relname as name
from pg_class as found
inner join pg_namespace as space on found.relnamespace = space.oid
where
    found.oid = to_regclass(%(table)s)
    or found.oid in (
        select relid
        from pg_partition_tree(to_regclass(%(table)s))
    )
