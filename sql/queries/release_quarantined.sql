-- Released is what this run really published: a bar that the source lacks stays held.
update stock_data_quarantine as held set
    released_by = %(run_id)s,
    released_at = now(),
    released_as = case
        when (
            held.open, held.high, held.low, held.close, held.volume
        ) is not distinct from (
            bar.open, bar.high, bar.low, bar.close, bar.volume
        ) then 'same'
        else 'corrected'
    end
from stock_data_enriched as bar
where
    bar.symbol = held.symbol
    and bar.date = held.date
    and bar.run_id = %(run_id)s
    and held.symbol = any(%(symbols)s)
    and held.date >= coalesce(%(start)s::timestamp, '-infinity')
    and held.date <= coalesce(%(end)s::timestamp, 'infinity')
    and coalesce(held.extracted_at <= %(extracted_at)s::timestamptz, true)
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
