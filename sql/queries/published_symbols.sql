select distinct symbol
from stock_data_enriched
where
    date >= coalesce(%(start)s::timestamp, '-infinity')
    and date <= coalesce(%(end)s::timestamp, 'infinity')
order by symbol
