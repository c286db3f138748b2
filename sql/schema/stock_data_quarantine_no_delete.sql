-- Emptying the whole table is left to its owner, as dropping it is; a run may do neither.
create or replace trigger stock_data_quarantine_no_delete
before delete on stock_data_quarantine
for each statement
execute function stock_data_quarantine_keep()
