-- What the types of these oids are called, as people write them.
select
    oid,
    format_type(oid, null) as name
from pg_type
where oid = any(%(oids)s::oid[])
