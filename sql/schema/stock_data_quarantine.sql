-- What the gate held back, exactly as extracted: any value of a bar may be missing or absurd, and
-- (symbol, date) may repeat. So a row is known by its position (from 0) in the run's extract.
create table if not exists stock_data_quarantine (
    run_id text not null,
    row_number bigint not null,
    symbol text,
    date date,
    open double precision,
    high double precision,
    low double precision,
    close double precision,
    volume double precision,
    created_at timestamp,
    reasons text[] not null,
    quarantined_at timestamptz not null default now(),
    released_by text,
    released_at timestamptz,
    primary key (run_id, row_number)
)
