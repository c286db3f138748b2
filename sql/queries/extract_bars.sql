-- Prices arrive as float8, with NULL, NaN and infinity for the gate to judge. A date that no calendar
-- holds becomes NULL, and rows without a date are in every range.
-- Where (symbol, date) is not unique, the order goes on over the whole bar: duplicates must come
-- in the same order every time.
select
    bar.symbol::text as symbol,
    case when {moment} between '0001-01-01' and '9999-12-31' then {moment} end as date,
    {open} as open,
    {high} as high,
    {low} as low,
    {close} as close,
    {volume} as volume,
    case
        when {created_at}::timestamp between timestamp '0001-01-01' and timestamp '9999-12-31'
            then {created_at}::timestamp
    end as created_at{carried}
from stock_data as bar
where
    (bar.symbol::text = any(%(symbols)s) {or_nameless})
    and (
        (
            {moment} >= coalesce(%(start)s::timestamp, '-infinity')
            and {moment} <= coalesce(%(end)s::timestamp, 'infinity')
        )
        or bar.date is null
        or not isfinite({moment})
    )
order by bar.symbol::text, {moment}{tie_break}
