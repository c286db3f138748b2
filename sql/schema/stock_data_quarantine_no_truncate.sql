-- Dropping the whole table is left to its owner.
create or replace trigger stock_data_quarantine_no_truncate
before truncate on stock_data_quarantine
for each statement
execute function stock_data_quarantine_keep()
