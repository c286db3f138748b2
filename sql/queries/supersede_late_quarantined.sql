-- What other runs hold of the same bars and is open even now was read later: it is what stays open.
update stock_data_quarantine as held set
    superseded_by = newer.run_id,
    superseded_at = now()
from stock_data_quarantine as newer
where
    held.run_id = %(run_id)s
    and held.symbol = newer.symbol
    and held.date = newer.date
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and newer.run_id <> %(run_id)s
    and newer.released_by is null
    and newer.superseded_by is null
    and newer.discarded_by is null
