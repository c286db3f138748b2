-- What the gate let through, with the run that let it through.
create table if not exists stock_data_enriched (
    symbol varchar(10) not null,
    date date not null,
    open double precision not null,
    high double precision not null,
    low double precision not null,
    close double precision not null,
    volume double precision not null,
    daily_return double precision,
    price_range double precision,
    price_range_pct double precision,
    run_id text not null,
    published_at timestamptz not null default now(),
    primary key (symbol, date)
)
