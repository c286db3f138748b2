-- What became of the held bars of a symbol (null: those without one), the newest first.
select
    event.at,
    event.kind,
    event.by,
    event.why,
    count(*) as bars
from stock_data_quarantine as held
cross join lateral (
    values
    (held.quarantined_at, 'held', held.run_id, null),
    (held.released_at, 'released', held.released_by, null),
    (held.superseded_at, 'superseded', held.superseded_by, null),
    (held.discarded_at, 'discarded', held.discarded_by, held.discard_reason)
) as event (at, kind, by, why)
where
    nullif(held.symbol, '') is not distinct from %(symbol)s
    and event.at is not null
    -- Held after it was discarded: that is no deed of its own.
    and not (event.kind = 'discarded' and event.at < held.quarantined_at)
group by event.at, event.kind, event.by, event.why
order by event.at desc, event.kind
limit %(limit)s
