create table if not exists {table} (
    symbol varchar(32) not null,
    date {type} not null,
    open numeric not null,
    high numeric not null,
    low numeric not null,
    close numeric not null,
    volume numeric,
    created_at timestamptz default now(),
    primary key (symbol, date)
)
