-- Who may select from the table, and not from the list of what was archived of it; as SQL writes them.
select distinct case when held.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(held.grantee)) end
from pg_class as source
cross join aclexplode(source.relacl) as held
where
    source.oid = to_regclass(%(table)s)
    and held.privilege_type = 'SELECT'
    and not exists (
        select
        from pg_class as list
        cross join aclexplode(coalesce(list.relacl, acldefault('r', list.relowner))) as given
        where
            list.oid = to_regclass(%(list)s)
            and given.privilege_type = 'SELECT'
            and given.grantee in (held.grantee, 0)
    )
