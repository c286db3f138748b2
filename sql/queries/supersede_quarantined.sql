-- What earlier runs held of the bars that this run holds anew: one open row a bar is enough. What was
-- read later than this run's bars stays open. The same bars are those of supersede_own_quarantined: in
-- one statement the server could not find its very same rows by a hash.
update stock_data_quarantine as held set
    superseded_by = %(run_id)s,
    superseded_at = now()
where
    held.run_id <> %(run_id)s
    and coalesce(held.extracted_at <= %(extracted_at)s::timestamptz, true)
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and (
        (held.symbol, held.date) in (
            select staged.symbol, staged.date
            from staged_quarantine as staged
            where staged.symbol is not null and staged.date is not null
        )
        or row(
            held.symbol, held.date, held.open, held.high, held.low, held.close, held.volume,
            held.created_at
        )::text in (
            select
                row(
                    staged.symbol, staged.date, staged.open, staged.high, staged.low, staged.close,
                    staged.volume, staged.created_at
                )::text
            from staged_quarantine as staged
            where staged.symbol is null or staged.date is null
        )
    )
