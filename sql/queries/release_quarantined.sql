update stock_data_quarantine set
    released_by = %(run_id)s,
    released_at = now()
where
    symbol = any(%(symbols)s)
    and (date is null or date >= coalesce(%(start)s, '-infinity'::date))
    and (date is null or date <= coalesce(%(end)s, 'infinity'::date))
    and run_id <> %(run_id)s
    and released_by is null
