-- What a run handed to MLflow, told here as well: whoever changes MLflow's copy does not change this.
create table if not exists stock_data_evidence (
    run_key text not null,
    path text not null,
    sha256 text not null,
    bytes bigint not null,
    mlflow_run_id text not null,
    logged_at timestamptz not null default now(),
    primary key (run_key, path)
)
