-- A symbol that has Sundays in UTC, with a time of day, and hardly a Saturday: its days begin in a time
-- zone to the east, where these are Mondays.
select
    stamped.symbol,
    max(stamped.moment) filter (where stamped.weekday = 7)::text as moment
from (
    select
        bar.symbol::text as symbol,
        bar.date::{kind} as moment,
        extract(isodow from bar.date::{kind}) as weekday
    from stock_data as bar
    where bar.symbol::text = any(%(symbols)s) and bar.date::{kind}::time <> '00:00'
) as stamped
where stamped.weekday >= 6
group by stamped.symbol
having count(*) filter (where stamped.weekday = 7) > 2 * count(*) filter (where stamped.weekday = 6)
order by stamped.symbol
limit 1
