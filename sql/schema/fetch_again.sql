-- Bars of a history that is asked for anew: they replace the stored ones all at once.
create table if not exists fetch_again (
    source text not null,
    symbol text not null,
    date timestamptz not null,
    open numeric,
    high numeric,
    low numeric,
    close numeric,
    volume numeric,
    primary key (source, symbol, date)
)
