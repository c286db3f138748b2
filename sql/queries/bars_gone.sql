-- What was published in the range and is not in the source any more, by symbol. Bars that a newer
-- extract published are that one's to judge.
select
    kept.symbol,
    count(*) as published,
    count(*) filter (where not found.there) as gone,
    min(kept.date) filter (where not found.there) as first_date,
    max(kept.date) filter (where not found.there) as last_date,
    (array_agg(kept.date order by kept.date) filter (where not found.there))[1:20] as dates
from stock_data_enriched as kept
cross join lateral (
    select exists (
        select
        from stock_data as bar
        where bar.symbol::text = kept.symbol and bar.date::date = kept.date
    ) as there
) as found
where
    kept.symbol = any(%(symbols)s)
    and kept.date >= coalesce(%(start)s::date, '-infinity')
    and kept.date <= coalesce(%(end)s::date, 'infinity')
    and (kept.extracted_at is null or kept.extracted_at <= %(extracted_at)s)
group by kept.symbol
having bool_or(not found.there)
order by kept.symbol
