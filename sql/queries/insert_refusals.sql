insert into stock_data_refusals (run_id, symbol, first_date, last_date, reasons, extracted_at)
values (%(run_id)s, %(symbol)s, %(first_date)s, %(last_date)s, %(reasons)s, %(extracted_at)s)
