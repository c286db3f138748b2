-- What people did to bars and verdicts: who, what, why, when. A row is written in the transaction of
-- what it tells of, and never changed.
create table if not exists stock_data_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    who text not null,
    action text not null,
    what text not null,
    why text not null,
    run_id text
)
