select path, sha256, bytes, mlflow_run_id
from stock_data_evidence
where
    run_key = %(run_key)s
    and attempt = (select max(attempt) from stock_data_evidence where run_key = %(run_key)s)
order by path
