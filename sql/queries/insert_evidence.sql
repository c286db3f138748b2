-- What the run handed over when it was logged before stays beside it.
insert into stock_data_evidence (run_key, attempt, path, sha256, bytes, mlflow_run_id)
select
    %(run_key)s,
    1 + coalesce(
        (select max(attempt) from stock_data_evidence where run_key = %(run_key)s),
        0
    ),
    path, sha256, bytes, %(mlflow_run_id)s
from unnest(%(paths)s::text[], %(digests)s::text[], %(sizes)s::bigint[]) as file (path, sha256, bytes)
