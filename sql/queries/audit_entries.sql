select at, who, action, what, why, run_id
from stock_data_audit
where
    at >= coalesce(%(since)s::timestamptz, '-infinity')
order by at desc, id desc
limit %(limit)s
