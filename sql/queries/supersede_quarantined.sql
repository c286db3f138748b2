-- What earlier runs held of the bars that this run holds anew: one open row a bar is enough.
update stock_data_quarantine as held set
    superseded_by = %(run_id)s,
    superseded_at = now()
where
    held.run_id <> %(run_id)s
    and held.released_by is null
    and held.superseded_by is null
    and held.discarded_by is null
    and exists (
        select
        from staged_quarantine as staged
        where staged.symbol = held.symbol and staged.date = held.date
    )
