-- Prices and volumes as their source wrote them: a numeric keeps every digit, and costs no more.
create table if not exists stock_data (
    id serial primary key,
    symbol varchar(32) not null,
    date date not null,
    open numeric not null,
    high numeric not null,
    low numeric not null,
    close numeric not null,
    volume numeric not null,
    created_at timestamp default now(),
    unique (symbol, date)
)
