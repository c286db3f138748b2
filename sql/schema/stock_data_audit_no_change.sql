create or replace trigger stock_data_audit_no_change
before update or delete or truncate on stock_data_audit
for each statement
execute function stock_data_audit_keep()
