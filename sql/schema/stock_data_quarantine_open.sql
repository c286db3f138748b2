create index if not exists stock_data_quarantine_open
on stock_data_quarantine (symbol)
where released_by is null and superseded_by is null and discarded_by is null
