-- What a closed gate said of each symbol that failed, where nothing was published nor set aside: the
-- days of its failing bars, or the newest day where the table as a whole failed. Rows are added,
-- never changed; a later publication of these days answers them.
create table if not exists stock_data_refusals (
    id bigint generated always as identity primary key,
    run_id text not null,
    symbol text not null,
    first_date date,
    last_date date,
    reasons text[] not null,
    extracted_at timestamptz not null,
    refused_at timestamptz not null default now()
)
