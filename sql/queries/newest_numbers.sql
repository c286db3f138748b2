-- The numbers of some of the newest rows, as the source writes them.
select
    open::text as open,
    high::text as high,
    low::text as low,
    close::text as close,
    volume::text as volume
from stock_data
order by date desc nulls last
limit %(rows)s
