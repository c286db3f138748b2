-- What Interactive Brokers was asked in the last minutes, by any process: it counts requests.
create table if not exists ib_requests (
    id bigint generated always as identity primary key,
    asked_at timestamptz not null,
    ended_at timestamptz,
    contract text not null,
    request text not null,
    small boolean not null
)
