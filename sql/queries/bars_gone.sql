-- What was published in the range and is not in the source any more, by symbol. Bars that a newer
-- extract published are that one's to judge.
with gone as (
    select
        kept.symbol,
        count(*) as gone,
        min(kept.date) as first_date,
        max(kept.date) as last_date,
        (array_agg(kept.date order by kept.date))[1:20] as dates
    from stock_data_enriched as kept
    where
        kept.symbol = any(%(symbols)s)
        and kept.date >= coalesce(%(start)s::timestamp, '-infinity')
        and kept.date <= coalesce(%(end)s::timestamp, 'infinity')
        and (kept.extracted_at is null or kept.extracted_at <= %(extracted_at)s)
        and not exists (
            select
            from stock_data as bar
            where bar.symbol::text = kept.symbol and {moment} = kept.date
        )
    group by kept.symbol
)

select
    gone.*,
    (
        select count(*)
        from stock_data_enriched as kept
        where
            kept.symbol = gone.symbol
            and kept.date >= coalesce(%(start)s::timestamp, '-infinity')
            and kept.date <= coalesce(%(end)s::timestamp, 'infinity')
    ) as published
from gone
order by gone.symbol
