insert into stock_data_repairs (
    run_id, symbol, date, rule, evidence,
    old_open, old_high, old_low, old_close, old_volume,
    new_open, new_high, new_low, new_close, new_volume,
    dropped, accepted_by, reason
)
values (
    %(run_id)s, %(symbol)s, %(date)s, %(rule)s, %(evidence)s,
    %(old_open)s, %(old_high)s, %(old_low)s, %(old_close)s, %(old_volume)s,
    %(new_open)s, %(new_high)s, %(new_low)s, %(new_close)s, %(new_volume)s,
    %(dropped)s, %(by)s, %(reason)s
)
