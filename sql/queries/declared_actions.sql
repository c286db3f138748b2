-- What a table declares of some symbols, as it is written there.
select
    ({symbol})::text as symbol,
    coalesce(({date})::text, '') as date,
    %(kind)s as kind,
    ({value})::text as value
from {place} as given
where
    {value} is not null
    and upper(btrim(({symbol})::text)) = any(%(symbols)s)
order by 1, 2, 4
