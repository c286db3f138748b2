-- What is held and open, by symbol, the longest held first; rows without one are together.
-- newest: the moment at which the last of these rows was added, in microseconds. Rows are only added
-- or resolved, so that it and their number tell whether they are the same as before.
select
    nullif(symbol, '') as symbol,
    count(*) as bars,
    count(*) filter (where date is null) as undated,
    min(date) as first_date,
    max(date) as last_date,
    min(first.since) as since,
    (extract(epoch from max(quarantined_at)) * 1000000)::bigint as newest,
    (max(array[to_char(quarantined_at, 'YYYYMMDDHH24MISSUS'), run_id]))[2] as run_id,
    count(distinct run_id) as runs
from stock_data_quarantine
inner join (
{since}
) as first using (run_id, attempt, row_number)
where
    released_by is null
    and superseded_by is null
    and discarded_by is null
    and (%(every)s or nullif(symbol, '') is not distinct from %(symbol)s)
group by nullif(symbol, '')
order by since, symbol
