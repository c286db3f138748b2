-- The tables and views of a schema; without one, those that a name alone reaches.
select class.relname
from pg_class as class
inner join pg_namespace as namespace on namespace.oid = class.relnamespace
where
    class.relkind in ('r', 'p', 'v', 'm', 'f')
    and case
        when %(schema)s::text is null then pg_table_is_visible(class.oid)
        else namespace.nspname = %(schema)s
    end
