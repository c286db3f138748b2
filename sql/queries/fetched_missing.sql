-- Which of these tables are not there, or are not as they are made now.
select name
from unnest(%(names)s::text []) as name
where
    to_regclass(name) is null
    or (
        name = 'fetch_series' and not exists (
            select
            from pg_attribute
            where attrelid = to_regclass(name) and attname = 'kind' and not attisdropped
        )
    )
