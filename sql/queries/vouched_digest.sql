-- One digest of all these bars: the same for the same bars, published by the same runs.
select encode(
    sha256(coalesce(string_agg(int8send(digest), '' order by symbol collate "C", date), '')), 'hex'
)
from stock_data_enriched
where %(symbols)s::text[] is null or symbol = any(%(symbols)s::text[])
