create or replace trigger stock_data_quarantine_no_change
before update of
run_id, attempt, row_number, symbol, date, open, high, low, close, volume, created_at, reasons,
quarantined_at, extracted_at
on stock_data_quarantine
for each statement
execute function stock_data_quarantine_keep()
