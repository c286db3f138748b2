select distinct symbol
from stock_data_enriched
where
    date >= coalesce(%(start)s::date, '-infinity')
    and date <= coalesce(%(end)s::date, 'infinity')
order by symbol
