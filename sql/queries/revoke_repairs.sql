update stock_data_repairs set
    revoked_by = %(by)s,
    revoked_at = now(),
    revoke_reason = %(reason)s
where
    id = any(%(ids)s)
    and revoked_by is null
    and void_run is null
