select
    symbol::text as symbol,
    count(*) as bars,
    min(date)::text as first_date,
    max(date)::text as last_date
from stock_data
where symbol = any(%(symbols)s)
group by symbol
order by symbol
