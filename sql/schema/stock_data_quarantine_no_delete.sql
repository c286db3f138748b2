create or replace trigger stock_data_quarantine_no_delete
before delete on stock_data_quarantine
for each statement
execute function stock_data_quarantine_keep()
