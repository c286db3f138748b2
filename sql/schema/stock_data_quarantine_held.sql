create index if not exists stock_data_quarantine_held
on stock_data_quarantine (symbol)
where released_by is null
