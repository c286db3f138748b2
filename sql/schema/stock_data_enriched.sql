-- What the gate let through, with the run that let it through.
-- extracted_at: the database's clock when the bar was read; an older extract never replaces a newer.
-- remarks: the expectations that the bar missed without being held. doubts: those that a later run
-- found it to miss, once more bars were known. repaired: the rule of an accepted repair, whose
-- numbers these are. digest: of the bar as this run published it (sql/trained/digest.py); whoever
-- relies on the bar asks whether it is still that one.
create table if not exists stock_data_enriched (
    symbol text not null,
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
    extracted_at timestamptz,
    remarks text[],
    doubts text[],
    repaired text,
    digest bigint,
    primary key (symbol, date)
)
