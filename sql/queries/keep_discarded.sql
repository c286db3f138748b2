-- Somebody has discarded this very bar, nothing else is found wrong with it, and no run has published
-- it since: it stays discarded by them, since then and for their reason, and is not open anew.
update stock_data_quarantine as held set
    discarded_by = decided.discarded_by,
    discarded_at = decided.discarded_at,
    discard_reason = decided.discard_reason
from (
    select distinct on (bar)
        row(symbol, date, open, high, low, close, volume, created_at)::text as bar,
        discarded_by,
        discarded_at,
        discard_reason,
        reasons || %(along)s::text[] as reasons
    from stock_data_quarantine
    where
        (discarded_by is not null or released_as = 'same')
        and coalesce(symbol, '') in (select coalesce(symbol, '') from staged_quarantine)
    order by bar, coalesce(released_at, discarded_at) desc, discarded_by nulls first
) as decided
where
    held.run_id = %(run_id)s
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and row(
        held.symbol, held.date, held.open, held.high, held.low, held.close, held.volume, held.created_at
    )::text
    = decided.bar
    and decided.discarded_by is not null
    and held.reasons <@ decided.reasons
