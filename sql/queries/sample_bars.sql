-- Of some symbols the newest rows, their dates as they are.
select
    placed.symbol,
    placed.stamp,
    placed.open,
    placed.high,
    placed.low,
    placed.close,
    placed.volume
from (
    select
        {symbol} as symbol,
        {stamp} as stamp,
        {open}::float8 as open,
        {high}::float8 as high,
        {low}::float8 as low,
        {close}::float8 as close,
        {volume}::float8 as volume,
        row_number() over (partition by {symbol} order by {date} desc nulls last) as place
    from {place} as given
    where {symbol} = any(%(symbols)s)
) as placed
where placed.place <= %(newest)s
order by placed.symbol, placed.place desc
