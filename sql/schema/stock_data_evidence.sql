-- What a run handed to MLflow, told here as well: whoever changes MLflow's copy does not change this.
-- A run that is logged again adds an attempt; the newest one is what MLflow should have.
create table if not exists stock_data_evidence (
    run_key text not null,
    attempt integer not null default 1,
    path text not null,
    sha256 text not null,
    bytes bigint not null,
    mlflow_run_id text not null,
    logged_at timestamptz not null default now(),
    primary key (run_key, attempt, path)
)
