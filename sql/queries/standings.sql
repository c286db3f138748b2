-- What is known of each symbol up to a day: its newest published bar, what is held of it, and the
-- newest refusal that no later publication has answered. Symbols are found by leaps over the key of
-- what is published, for a table of many years has few of them.
with recursive published as (
    (
        select symbol
        from stock_data_enriched
        order by symbol
        limit 1
    )
    union all
    select (
        select behind.symbol
        from stock_data_enriched as behind
        where behind.symbol > published.symbol
        order by behind.symbol
        limit 1
    )
    from published
    where published.symbol is not null
),

held as (
    select
        symbol,
        count(*) as bars
    from stock_data_quarantine
    where
        released_by is null
        and superseded_by is null
        and discarded_by is null
        and nullif(symbol, '') is not null
        and (date is null or date <= %(until)s)
    group by symbol
),

refused as (
    select distinct on (refusal.symbol)
        refusal.symbol,
        refusal.run_id,
        refusal.reasons
    from stock_data_refusals as refusal
    where
        (refusal.first_date is null or refusal.first_date <= %(until)s)
        and not exists (
            select
            from stock_data_publications as later
            where
                later.published_at > refusal.refused_at
                and later.extracted_at >= refusal.extracted_at
                and refusal.symbol = any(later.symbols)
                and (
                    refusal.first_date is null
                    or (
                        coalesce(later.first_date, '-infinity') <= refusal.first_date
                        and coalesce(later.last_date, 'infinity') >= refusal.last_date
                    )
                )
        )
    order by refusal.symbol asc, refusal.id desc
),

every as (
    select symbol
    from published
    where symbol is not null
    union
    select symbol
    from held
    union
    select symbol
    from refused
)

select
    every.symbol,
    newest.date as last_bar,
    newest.session,
    newest.run_id,
    newest.published_at,
    newest.remarks,
    newest.doubts,
    coalesce(held.bars, 0) as held_bars,
    refused.run_id as refused_by,
    refused.reasons as refused_for
from every
left join lateral (
    select
        bar.date,
        {session} as session,
        bar.run_id,
        bar.published_at,
        bar.remarks,
        bar.doubts
    from stock_data_enriched as bar
    where
        bar.symbol = every.symbol
        and bar.date <= %(until)s
    order by bar.date desc
    limit 1
) as newest on true
left join held on held.symbol = every.symbol
left join refused on refused.symbol = every.symbol
where %(symbols)s::text[] is null or every.symbol = any(%(symbols)s)
order by every.symbol
