-- Rows of an earlier attempt of this run that it does not hold in the same way any more.
update stock_data_quarantine as held set
    superseded_by = %(run_id)s,
    superseded_at = now()
where
    held.run_id = %(run_id)s
    and held.row_number >= %(first)s
    and held.row_number < coalesce(%(end)s, 9223372036854775807)
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and not exists (
        select
        from staged_quarantine as staged
        where
            staged.row_number = held.row_number
            and (
                staged.symbol, staged.date, staged.open, staged.high, staged.low, staged.close,
                staged.volume, staged.created_at, staged.reasons
            ) is not distinct from (
                held.symbol, held.date, held.open, held.high, held.low, held.close,
                held.volume, held.created_at, held.reasons
            )
    )
