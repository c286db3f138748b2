create table if not exists stock_data (
    id serial primary key,
    symbol varchar(10) not null,
    date date not null,
    open numeric(10, 2) not null,
    high numeric(10, 2) not null,
    low numeric(10, 2) not null,
    close numeric(10, 2) not null,
    volume bigint not null,
    created_at timestamp default now(),
    unique (symbol, date)
)
