select
    symbol,
    count(*) as bars,
    min(date) as first_date,
    max(date) as last_date,
    min(first.since) as since,
    (array_agg(run_id order by quarantined_at desc))[1] as run_id
from stock_data_quarantine
inner join (
{since}
) as first using (run_id, attempt, row_number)
where released_by is null and superseded_by is null and discarded_by is null
group by symbol
order by since, symbol
