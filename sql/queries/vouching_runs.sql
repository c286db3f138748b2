-- The runs that published these bars, with what each says of what it judged; the newest first.
-- A run in partitions published more than once: its newest verdict counts, its digests are put together.
select
    bar.run_id,
    bar.bars,
    published.verdict,
    published.extract_digest,
    published.published_at
from (
    select
        run_id,
        count(*) as bars
    from stock_data_enriched
    where %(symbols)s::text[] is null or symbol = any(%(symbols)s::text[])
    group by run_id
) as bar
inner join (
    select
        run_id,
        (array_agg(verdict order by id desc))[1] as verdict,
        string_agg(distinct extract_digest, ' ' order by extract_digest) as extract_digest,
        max(published_at) as published_at
    from stock_data_publications
    group by run_id
) as published using (run_id)
order by published.published_at desc, bar.run_id
