create or replace trigger stock_data_refusals_no_change
before update or delete or truncate on stock_data_refusals
for each statement
execute function stock_data_refusals_keep()
