-- How far the bars of a symbol were asked for at Interactive Brokers. From again_from on the history is
-- being asked for anew, since prices were adjusted: up to again_to it is in fetch_again. Its kind is what
-- was asked for, as "TRADES, regular hours"; a table of before says nothing of it.
create table if not exists fetch_series (
    source text not null,
    symbol text not null,
    con_id bigint not null,
    asked_from timestamptz not null,
    asked_to timestamptz not null,
    again_from timestamptz,
    again_to timestamptz,
    kind text,
    primary key (source, symbol)
);
alter table fetch_series add column if not exists kind text
