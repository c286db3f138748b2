-- Published bars that no run vouches for, by symbol: without a digest, with numbers of another one,
-- or of a run that never published such a bar. The worst symbols first.
with runs as (
    select
        run_id as of_run,
        of_symbol,
        min(coalesce(first_date, '-infinity')) as from_date,
        max(coalesce(last_date, 'infinity')) as to_date
    from stock_data_publications
    cross join lateral unnest(symbols) as of_symbol
    group by run_id, of_symbol
),

judged as (
    select
        bar.symbol,
        bar.date,
        case
            when bar.digest is null then 'undigested'
            when bar.digest is distinct from {digest} then 'altered'
            when runs.of_run is null then 'unpublished'
        end as fault
    from stock_data_enriched as bar
    left join runs on
        bar.run_id = runs.of_run
        and bar.symbol = runs.of_symbol
        and bar.date between runs.from_date and runs.to_date
    where %(symbols)s::text[] is null or bar.symbol = any(%(symbols)s::text[])
)

select
    fault,
    symbol,
    count(*) as bars,
    min(date) as first_date,
    max(date) as last_date
from judged
where fault is not null
group by fault, symbol
order by count(*) desc, symbol
