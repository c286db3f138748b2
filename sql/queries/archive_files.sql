-- The files with archived bars of a table that may concern these symbols (NULL: all) and moments.
select
    id,
    place,
    file,
    digest,
    bytes,
    rows,
    symbols,
    first_moment,
    last_moment,
    archived_at,
    archived_by
from {schema}.archived_bars
where
    source = %(source)s
    and restored_at is null
    and (%(symbols)s::text [] is null or symbols && %(symbols)s::text [])
    and last_moment >= coalesce(%(start)s::timestamp, '-infinity')
    and first_moment <= coalesce(%(end)s::timestamp, 'infinity')
order by id
