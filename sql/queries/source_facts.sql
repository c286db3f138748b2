-- What a source holds, in one reading of it.
select
    count(*) as bars,
    count(*) filter (where date is null) as dateless,
    count(*) filter (where symbol is null) as nameless,
    count(*) filter (where date::date >= %(since)s) as recent,
    count(*) filter (where not isfinite(date::date)) as endless,
    min(date) filter (where isfinite(date::date))::text as first_date,
    max(date) filter (where isfinite(date::date))::text as last_date
from stock_data
