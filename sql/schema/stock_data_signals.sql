-- What a model said of a published bar: the return that it foretells over the next `horizon` bars.
-- model and model_version are those of MLflow's registry, run_id is the gate's run that published
-- the bar, gate_version the gate that scored it. What was once said stays as it was said.
create table if not exists stock_data_signals (
    symbol text not null,
    date {type} not null,
    signal double precision not null,
    horizon integer not null,
    model text not null,
    model_version integer not null,
    run_id text not null,
    verdict text not null,
    gate_version text not null,
    scored_at timestamptz not null default now(),
    primary key (symbol, date, model, model_version, run_id)
)
