select distinct symbol::text as symbol
from stock_data
where symbol is not null
order by symbol
