-- What a table is, and what this user may do there, for taking bars out of it and putting them back.
select
    current_user as role,
    found.relkind::text as kind,
    has_table_privilege(found.oid, 'select') as may_select,
    has_table_privilege(found.oid, 'delete') as may_delete,
    has_table_privilege(found.oid, 'insert') as may_insert,
    has_schema_privilege(found.relnamespace, 'create') as may_create,
    has_database_privilege(current_database(), 'temporary') as may_stage,
    (
        select min(inhrelid::regclass::text)
        from pg_inherits
        inner join pg_class as heir on inhrelid = heir.oid
        where inhparent = found.oid and not heir.relispartition
    ) as heir,
    (
        select min(conrelid::regclass::text)
        from pg_constraint
        where confrelid = found.oid and contype = 'f' and confdeltype in ('c', 'n', 'd')
    ) as follows,
    array(
        select distinct seen.oid::regclass::text as name
        from pg_depend as used
        inner join pg_rewrite as rule on used.objid = rule.oid
        inner join pg_class as seen on rule.ev_class = seen.oid
        where
            used.classid = 'pg_rewrite'::regclass
            and used.refobjid = found.oid
            and seen.oid <> found.oid
        order by name
    ) as views,
    array(
        select attname::text
        from pg_attribute
        where attrelid = found.oid and attnum > 0 and not attisdropped
        order by attnum
    ) as columns,
    array(
        select attname::text
        from pg_attribute
        where attrelid = found.oid and attnum > 0 and not attisdropped and attgenerated <> ''
    ) as generated
from pg_class as found
where found.oid = to_regclass(%(table)s)
