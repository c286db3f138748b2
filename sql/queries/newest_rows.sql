-- Some of the newest rows, as bars.
select
    symbol::text as symbol,
    moment,
    date,
    open::float8 as open,
    high::float8 as high,
    low::float8 as low,
    close::float8 as close,
    volume::float8 as volume
from bars
order by date desc nulls last, symbol
limit %(rows)s
