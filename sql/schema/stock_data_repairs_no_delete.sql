create or replace trigger stock_data_repairs_no_delete
before delete or truncate on stock_data_repairs
for each statement
execute function stock_data_repairs_keep()
