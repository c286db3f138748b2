-- The published rows of some bars, with what they are known to miss.
select
    kept.symbol,
    kept.date,
    kept.run_id,
    kept.published_at,
    coalesce(kept.remarks, '{}') || coalesce(kept.doubts, '{}') as known
from stock_data_enriched as kept
inner join (
    select
        unnest(%(of_symbols)s::text[]) as symbol,
        unnest(%(dates)s::timestamp[]) as date
) as wanted using (symbol, date)
