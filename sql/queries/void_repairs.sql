update stock_data_repairs set
    void_run = %(run_id)s,
    void_at = now()
where
    id = any(%(ids)s)
    and revoked_by is null
    and void_run is null
