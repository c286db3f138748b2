-- Bars that somebody has accepted as repaired: what the source has (old_), and what is judged and
-- published in its place (new_), or that a copy is to go. The source itself is never touched.
-- run_id is the run that proposed it. A repair is open until somebody revokes it, or until a run finds
-- another bar than the old one in the source: then it is void.
create table if not exists stock_data_repairs (
    id bigint generated always as identity primary key,
    run_id text not null,
    symbol text not null,
    date date not null,
    rule text not null,
    evidence text not null,
    old_open double precision,
    old_high double precision,
    old_low double precision,
    old_close double precision,
    old_volume double precision,
    new_open double precision,
    new_high double precision,
    new_low double precision,
    new_close double precision,
    new_volume double precision,
    dropped boolean not null default false,
    accepted_by text not null,
    accepted_at timestamptz not null default now(),
    reason text not null,
    revoked_by text,
    revoked_at timestamptz,
    revoke_reason text,
    void_run text,
    void_at timestamptz
)
