-- The table that a name means, and whether there is a list of archived bars beside it.
select
    space.nspname as schema,
    found.relname as name,
    to_regclass(format('%%I.archived_bars', space.nspname)) is not null as listed
from pg_class as found
inner join pg_namespace as space on found.relnamespace = space.oid
where found.oid = to_regclass(%(table)s)
