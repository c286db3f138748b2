insert into stock_data_evidence (run_key, path, sha256, bytes, mlflow_run_id)
select %(run_key)s, path, sha256, bytes, %(mlflow_run_id)s
from unnest(%(paths)s::text[], %(digests)s::text[], %(sizes)s::bigint[]) as file (path, sha256, bytes)
on conflict (run_key, path) do update
set
    sha256 = excluded.sha256,
    bytes = excluded.bytes,
    mlflow_run_id = excluded.mlflow_run_id,
    logged_at = excluded.logged_at
