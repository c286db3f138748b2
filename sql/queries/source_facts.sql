-- What a source holds, in one reading of it.
select
    count(*) as bars,
    count(*) filter (where date is null) as dateless,
    count(*) filter (where symbol is null) as nameless,
    count(*) filter (where date >= %(since)s) as recent,
    min(date)::text as first_date,
    max(date)::text as last_date
from stock_data
