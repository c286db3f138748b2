-- Bars whose numbers Interactive Brokers gave otherwise later; a row is added with the bar's change.
create table if not exists bar_restatements (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    run_id text not null,
    source text not null,
    symbol text not null,
    date timestamptz not null,
    cause text not null,
    old_open numeric,
    old_high numeric,
    old_low numeric,
    old_close numeric,
    old_volume numeric,
    new_open numeric,
    new_high numeric,
    new_low numeric,
    new_close numeric,
    new_volume numeric
)
