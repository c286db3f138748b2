select
    symbol,
    count(*) as bars,
    min(date) as first_date,
    max(date) as last_date,
    min(quarantined_at) as since,
    (array_agg(run_id order by quarantined_at desc))[1] as run_id
from stock_data_quarantine
where released_by is null and superseded_by is null and discarded_by is null
group by symbol
order by since, symbol
