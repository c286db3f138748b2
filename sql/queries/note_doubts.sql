-- A bar that was published anew meanwhile is another one, of which nobody has said anything.
update stock_data_enriched as kept set
    doubts = array(
        select distinct unnest(coalesce(kept.doubts, '{}') || string_to_array(noted.names, E'\n'))
        order by 1
    )
from (
    select
        unnest(%(of_symbols)s::text[]) as symbol,
        unnest(%(dates)s::timestamp[]) as date,
        unnest(%(run_ids)s::text[]) as run_id,
        unnest(%(moments)s::timestamptz[]) as published_at,
        unnest(%(names)s::text[]) as names
) as noted
where
    kept.symbol = noted.symbol
    and kept.date = noted.date
    and kept.run_id = noted.run_id
    and date_trunc('second', kept.published_at) = noted.published_at
