with followed as (
    select
        date,
        lead(date) over (order by date) as next_date
    from {table}
    where
        symbol = %(symbol)s
        and date >= coalesce(%(since)s, '-infinity'::timestamptz)
        and date <= coalesce(%(until)s, 'infinity'::timestamptz)
)

select
    date,
    next_date
from followed
where next_date - date > make_interval(mins => %(minutes)s)
order by date
