-- Rows of an earlier attempt of this run whose bars it holds anew: read again, or otherwise. One
-- that it does not hold any more stays open: it is released when it is published, and a bar that has
-- gone upstream is for a person to discard. A bar without symbol or date is known by its figures.
update stock_data_quarantine as held set
    superseded_by = %(run_id)s,
    superseded_at = now()
where
    held.run_id = %(run_id)s
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
    and not exists (
        select
        from staged_quarantine as staged
        where
            staged.row_number = held.row_number
            and held.extracted_at is not distinct from %(extracted_at)s::timestamptz
            and (
                staged.symbol, staged.date, staged.open, staged.high, staged.low, staged.close,
                staged.volume, staged.created_at, staged.reasons
            ) is not distinct from (
                held.symbol, held.date, held.open, held.high, held.low, held.close,
                held.volume, held.created_at, held.reasons
            )
    )
