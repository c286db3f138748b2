-- Why bars of some symbols are held, and how many for each reason, the most frequent first; behind them
-- what they miss beside that, and what holds nobody.
select
    coalesce(held.symbol, '') as symbol,
    reason,
    count(*) as bars
from stock_data_quarantine as held, unnest(held.reasons) as reason
where
    held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and (held.symbol = any(%(symbols)s::text[]) or (held.symbol is null and '' = any(%(symbols)s::text[])))
group by coalesce(held.symbol, ''), reason
order by reason ~ ' \((warning|info)\)$', bars desc, reason
