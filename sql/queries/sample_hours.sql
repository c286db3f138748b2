-- Of some symbols the newest hours since 1970 in which they have rows.
select
    placed.symbol,
    placed.hour
from (
    select
        found.symbol,
        found.hour,
        row_number() over (partition by found.symbol order by found.hour desc) as place
    from (
        select distinct
            {symbol} as symbol,
            floor({microseconds} / 3600000000)::bigint as hour
        from {place} as given
        where {symbol} = any(%(symbols)s)
    ) as found
    where found.hour is not null
) as placed
where placed.place <= %(newest)s
order by placed.symbol, placed.hour
