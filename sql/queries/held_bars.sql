-- Open bars of a symbol (null: those without one) as they were held, those that failed themselves
-- first, with what is published of them.
select
    held.*,
    first.since,
    to_jsonb(row_of) -> 'carried' as carried,
    bar.run_id as published_by,
    bar.open as published_open,
    bar.high as published_high,
    bar.low as published_low,
    bar.close as published_close,
    bar.volume as published_volume
from (
    select
        run_id, attempt, row_number, nullif(symbol, '') as symbol, date,
        open, high, low, close, volume, reasons, quarantined_at
    from stock_data_quarantine
    where
        released_by is null
        and superseded_by is null
        and discarded_by is null
        and nullif(symbol, '') is not distinct from %(symbol)s
        and (%(start)s::timestamp is null or date >= %(start)s)
        and (%(end)s::timestamp is null or date <= %(end)s)
    order by reasons[1:1] = %(along)s::text[], date nulls first, quarantined_at, row_number
    limit %(limit)s offset %(offset)s
) as held
inner join (
{since}
) as first using (run_id, attempt, row_number)
inner join stock_data_quarantine as row_of using (run_id, attempt, row_number)
left join stock_data_enriched as bar on bar.symbol = held.symbol and bar.date = held.date
order by held.reasons[1:1] = %(along)s::text[], held.date nulls first, held.quarantined_at, held.row_number
