-- Of a run also those that it has found void itself: it may be tried again.
select *
from stock_data_repairs
where
    (%(symbols)s::text[] is null or symbol = any(%(symbols)s))
    and (%(start)s::timestamp is null or date >= %(start)s)
    and (%(end)s::timestamp is null or date <= %(end)s)
    and (%(every)s or (revoked_by is null and (void_run is null or void_run = %(run_id)s)))
order by symbol, date, id
