create or replace trigger stock_data_repairs_no_change
before update on stock_data_repairs
for each row
execute function stock_data_repairs_keep()
