-- What the gate held back, exactly as extracted: any value of a bar may be missing or absurd, and
-- (symbol, date) may repeat. So a row is known by its position (from 0) in the run's extract, and by
-- the attempt that held it: a run that is tried again, or a new one with an old id, adds rows.
-- No row is ever deleted. It ends as released (published by a run, as the same or a corrected bar),
-- superseded (held anew by a later attempt or run, or published from a newer extract) or discarded
-- with a reason; until then it is open.
create table if not exists stock_data_quarantine (
    run_id text not null,
    attempt integer not null default 1,
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
    extracted_at timestamptz,
    released_by text,
    released_at timestamptz,
    released_as text check (released_as in ('same', 'corrected')),
    superseded_by text,
    superseded_at timestamptz,
    discarded_by text,
    discarded_at timestamptz,
    discard_reason text,
    primary key (run_id, attempt, row_number)
)
