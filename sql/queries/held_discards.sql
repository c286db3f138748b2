-- What of a symbol's bars (null: of those without one) somebody has discarded, the newest decision first.
select
    discarded_by as by,
    discarded_at as at,
    discard_reason as reason,
    count(distinct row(date, open, high, low, close, volume)) as bars,
    min(date) as first_date,
    max(date) as last_date
from stock_data_quarantine
where
    discarded_by is not null
    and nullif(symbol, '') is not distinct from %(symbol)s
group by discarded_by, discarded_at, discard_reason
order by discarded_at desc
limit %(limit)s
