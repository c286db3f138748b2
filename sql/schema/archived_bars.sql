-- Which files hold the bars that were taken out of a table of this schema. A row is written in the
-- transaction that deletes its bars: a bar is in the table or in a file that stands here, never in both.
create table if not exists {schema}.archived_bars (
    id bigint generated always as identity primary key,
    source text not null,
    place text,
    file text not null,
    digest text not null,
    bytes bigint not null,
    rows bigint not null,
    symbols text [] not null,
    first_moment timestamp not null,
    last_moment timestamp not null,
    archived_at timestamptz not null default now(),
    archived_by text not null,
    restored_at timestamptz,
    restored_by text
)
