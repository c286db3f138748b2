-- Who may select from the table of what is published, and not from the view of it; as SQL writes them.
select distinct case when held.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(held.grantee)) end
from pg_class as source
cross join aclexplode(source.relacl) as held
where
    source.oid = 'stock_data_enriched'::regclass
    and held.privilege_type = 'SELECT'
    and held.grantee <> source.relowner
    and not exists (
        select
        from pg_class as view
        cross join aclexplode(view.relacl) as given
        where
            view.oid = %(view)s::regclass
            and given.privilege_type = 'SELECT'
            and given.grantee in (held.grantee, 0)
    )
