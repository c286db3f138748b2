-- Everything with one of these names, wherever it lies: what the search path does not reach is told
-- apart from what is not there. `filtered`: policies may hide rows of it from this role.
select
    found.relname as name,
    place.nspname as schema,
    found.relkind::text as kind,
    pg_get_userbyid(found.relowner) as owner,
    pg_has_role(found.relowner, 'USAGE') as owned,
    has_schema_privilege(place.oid, 'USAGE') and pg_table_is_visible(found.oid) as visible,
    has_any_column_privilege(found.oid, 'SELECT') as may_select,
    has_table_privilege(found.oid, 'INSERT') as may_insert,
    has_any_column_privilege(found.oid, 'UPDATE') as may_update,
    has_table_privilege(found.oid, 'DELETE') as may_delete,
    row_security_active(found.oid) and not exists (
        select
        from pg_policy as policy
        where
            policy.polrelid = found.oid
            and policy.polcmd = '*'
            and policy.polpermissive
            and pg_get_expr(policy.polqual, found.oid) = 'true'
            and coalesce(pg_get_expr(policy.polwithcheck, found.oid), 'true') = 'true'
            and exists (
                select
                from unnest(policy.polroles) as of (role)
                where of.role = 0 or pg_has_role(of.role, 'USAGE')
            )
    ) as filtered,
    array(
        select guard.tgname::text
        from pg_trigger as guard
        where guard.tgrelid = found.oid and guard.tgenabled in ('O', 'A')
    ) as triggers
from pg_class as found
inner join pg_namespace as place on found.relnamespace = place.oid
where
    found.relname = any(%(names)s)
    and found.relkind in ('r', 'p', 'v', 'm', 'f')
    and place.nspname not like 'pg\_%%'
order by found.relname, visible desc, place.nspname
