-- A bar has one repair at a time; of copies several may go.
create unique index if not exists stock_data_repairs_open
on stock_data_repairs (symbol, date)
where not dropped and revoked_by is null and void_run is null
