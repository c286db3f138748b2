select
    symbol::text as symbol,
    count(*) as bars,
    min(date)::text as first_date,
    max(date)::text as last_date
from stock_data
group by symbol
order by symbol
limit 20
