insert into stock_data_audit (who, action, what, why, run_id)
values (%(who)s, %(action)s, %(what)s, %(why)s, %(run_id)s)
