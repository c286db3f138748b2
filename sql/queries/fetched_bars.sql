select
    date,
    open,
    high,
    low,
    close,
    volume
from {table}
where symbol = %(symbol)s and date >= %(since)s::timestamptz
order by date
