create or replace trigger stock_data_signals_no_change
before update or delete or truncate on stock_data_signals
for each statement
execute function stock_data_signals_keep()
