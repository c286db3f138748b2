select symbol, date
from staged_enriched
where
    symbol <> all(%(symbols)s)
    or date < %(start)s
    or date > %(end)s
order by symbol, date
limit 1
