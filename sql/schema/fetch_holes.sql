-- Sessions that the stored bars of a symbol lack: how often they were asked for again.
create table if not exists fetch_holes (
    source text not null,
    symbol text not null,
    day date not null,
    asked integer not null,
    asked_at timestamptz not null default now(),
    primary key (source, symbol, day)
)
