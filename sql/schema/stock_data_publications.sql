-- Every publication: which symbols and dates were made equal to which extract. A bar that a newer
-- extract no longer had has no row to say so; this tells it. verdict: passed, or quarantined where the
-- run held other symbols; extract_digest: of what the run read and judged.
create table if not exists stock_data_publications (
    id bigint generated always as identity primary key,
    run_id text not null,
    symbols text[] not null,
    first_date date,
    last_date date,
    extracted_at timestamptz not null,
    rows bigint not null,
    published_at timestamptz not null default now(),
    verdict text,
    extract_digest text
)
