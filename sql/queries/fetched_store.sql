with given as (
    select
        date,
        open,
        high,
        low,
        close,
        volume
    from
        unnest(
            %(dates)s::{type} [],
            %(open)s::numeric [],
            %(high)s::numeric [],
            %(low)s::numeric [],
            %(close)s::numeric [],
            %(volume)s::numeric []
        ) as bar (date, open, high, low, close, volume)
),

restated as (
    insert into bar_restatements (
        run_id, source, symbol, date, cause,
        old_open, old_high, old_low, old_close, old_volume,
        new_open, new_high, new_low, new_close, new_volume
    )
    select
        %(run_id)s,
        %(source)s,
        %(symbol)s,
        given.date::timestamp at time zone 'UTC',
        %(cause)s,
        kept.open,
        kept.high,
        kept.low,
        kept.close,
        kept.volume,
        given.open,
        given.high,
        given.low,
        given.close,
        given.volume
    from {table} as kept
    inner join given on kept.date = given.date
    where
        kept.symbol = %(symbol)s
        and (kept.open, kept.high, kept.low, kept.close, kept.volume)
        is distinct from (given.open, given.high, given.low, given.close, given.volume)
    returning 1
),

stored as (
    insert into {table} as kept (symbol, date, open, high, low, close, volume)
    select %(symbol)s, date, open, high, low, close, volume
    from given
    on conflict (symbol, date) do update set
        open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume{touched}
    where
        (kept.open, kept.high, kept.low, kept.close, kept.volume)
        is distinct from
        (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
    returning 1
)

select
    (select count(*) from stored) - (select count(*) from restated) as new,
    (select count(*) from restated) as restated
