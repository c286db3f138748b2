-- Bars of the symbols that stay held, though the symbols passed: the source has no such bar any more.
select count(distinct (symbol, coalesce(date, '-infinity')))
from stock_data_quarantine
where
    symbol = any(%(symbols)s)
    and (date is null or date >= coalesce(%(start)s::timestamp, '-infinity'))
    and (date is null or date <= coalesce(%(end)s::timestamp, 'infinity'))
    and coalesce(extracted_at <= %(extracted_at)s::timestamptz, true)
    and released_by is null
    and superseded_by is null
    and discarded_by is null
