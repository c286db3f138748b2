-- What has a name in the schema that is looked into, and who may read it and the table behind it.
-- ours: the comment says that it is the view of the gate's own.
select
    class.relkind as kind,
    coalesce(obj_description(class.oid, 'pg_class') = %(mark)s, false) as ours,
    pg_has_role(class.relowner, 'usage') as owned,
    pg_get_userbyid(class.relowner) as owner,
    array(
        select attname::text
        from pg_attribute
        where attrelid = class.oid and attnum > 0 and not attisdropped
        order by attnum
    ) as columns
from pg_class as class
inner join pg_namespace as namespace on namespace.oid = class.relnamespace
where namespace.nspname = current_schema() and class.relname = %(name)s
