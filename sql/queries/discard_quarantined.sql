update stock_data_quarantine set
    discarded_by = %(by)s,
    discarded_at = now(),
    discard_reason = %(reason)s
where
    (symbol is not distinct from %(symbol)s or (%(symbol)s::text is null and symbol = ''))
    and (%(start)s::timestamp is null or date >= %(start)s)
    and (%(end)s::timestamp is null or date <= %(end)s)
    and released_by is null
    and superseded_by is null
    and discarded_by is null
