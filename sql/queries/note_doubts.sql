update stock_data_enriched as kept set
    doubts = array(
        select distinct unnest(coalesce(kept.doubts, '{}') || string_to_array(noted.names, E'\n'))
        order by 1
    )
from (
    select
        unnest(%(of_symbols)s::text[]) as symbol,
        unnest(%(dates)s::date[]) as date,
        unnest(%(names)s::text[]) as names
) as noted
where kept.symbol = noted.symbol and kept.date = noted.date
