create temporary table staged_bars (
    symbol varchar(10) not null,
    date date not null,
    open numeric(10, 2) not null,
    high numeric(10, 2) not null,
    low numeric(10, 2) not null,
    close numeric(10, 2) not null,
    volume bigint not null
) on commit drop
