select
    symbol,
    date,
    run_id,
    open::double precision,
    high::double precision,
    low::double precision,
    close::double precision,
    volume::double precision,
    daily_return,
    price_range,
    price_range_pct
from stock_data_enriched
where %(symbols)s::text[] is null or symbol = any(%(symbols)s::text[])
order by symbol collate "C", date
