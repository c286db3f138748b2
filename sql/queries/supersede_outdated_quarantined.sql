-- Where a bar of a newer extract is published it is right: what an older one holds of it is not open.
-- A bar that the newer extract lacked was not published by it, and stays held.
update stock_data_quarantine as held set
    superseded_by = bar.run_id,
    superseded_at = now()
from stock_data_enriched as bar
where
    held.run_id = %(run_id)s
    and bar.symbol = held.symbol
    and bar.date = held.date
    and bar.extracted_at > %(extracted_at)s::timestamptz
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
