-- The columns of these tables. `wanting`: a row that does not name it is refused. `readable`: what stands there can be tried to be read as what a bar
-- has in a column of this name; text can always be tried.
select
    found.relname as "table",
    held.attname as name,
    format_type(held.atttypid, held.atttypmod) as type,
    held.attnotnull and not held.atthasdef and held.attidentity = '' as wanting,
    has_column_privilege(found.oid, held.attnum, 'SELECT') as may_select,
    kind.typcategory = 'S'
    or wanted.type is null
    or coalesce(nullif(kind.typbasetype, 0), kind.oid) = wanted.type
    or exists (
        select
        from pg_cast as able
        where
            able.castsource = coalesce(nullif(kind.typbasetype, 0), kind.oid)
            and able.casttarget = wanted.type
    ) as readable
from pg_class as found
inner join pg_attribute as held on found.oid = held.attrelid
inner join pg_type as kind on held.atttypid = kind.oid
left join (
    values
    ('date', 'date'::regtype::oid),
    ('open', 'float8'::regtype::oid),
    ('high', 'float8'::regtype::oid),
    ('low', 'float8'::regtype::oid),
    ('close', 'float8'::regtype::oid),
    ('volume', 'float8'::regtype::oid),
    ('created_at', 'timestamp'::regtype::oid)
) as wanted (name, type) on held.attname = wanted.name
where
    found.oid = any(array(select to_regclass(one)::oid from unnest(%(names)s::text[]) as asked (one)))
    and held.attnum > 0
    and not held.attisdropped
order by found.relname, held.attnum
