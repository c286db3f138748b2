select symbol, date
from staged_enriched
group by symbol, date
having count(*) > 1
order by symbol, date
limit 1
