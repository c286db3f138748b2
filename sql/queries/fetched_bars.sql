select
    date,
    open,
    high,
    low,
    close,
    volume
from {table}
where
    symbol = %(symbol)s
    and (%(since)s::timestamptz is null or date >= %(since)s::timestamptz)
order by date
