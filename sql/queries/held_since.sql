-- Since when each open bar is held without a break, whatever was superseded meanwhile: since the first
-- time that it was held after it was last released or discarded. A bar without symbol or date is known
-- by its figures. A row that was superseded at once never was what is held of its bar.
with row_of as (
    select
        run_id,
        attempt,
        row_number,
        coalesce(symbol, '') as symbol,
        coalesce(date, '-infinity') as date,
        case
            when symbol is null or date is null
                then row(open, high, low, close, volume, created_at)::text
            else ''
        end as figures,
        released_by is null and superseded_by is null and discarded_by is null as is_open,
        quarantined_at,
        superseded_at,
        greatest(released_at, discarded_at, case when discarded_by is not null then quarantined_at end)
            as ended_at
    from stock_data_quarantine
    where %(every)s or coalesce(symbol, '') = coalesce(%(symbol)s, '')
),

ended as (
    select
        symbol,
        date,
        figures,
        max(ended_at) as ended_at
    from row_of
    group by symbol, date, figures
    having bool_or(is_open)
),

bar as (
    select
        symbol,
        date,
        figures,
        min(row_of.quarantined_at) as since
    from row_of
    inner join ended using (symbol, date, figures)
    where
        row_of.is_open
        or (
            row_of.superseded_at > row_of.quarantined_at
            and row_of.quarantined_at >= coalesce(ended.ended_at, '-infinity')
        )
    group by symbol, date, figures
)

select
    row_of.run_id,
    row_of.attempt,
    row_of.row_number,
    bar.since
from row_of
inner join bar using (symbol, date, figures)
where row_of.is_open
