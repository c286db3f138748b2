create or replace trigger stock_data_evidence_no_change
before update or delete or truncate on stock_data_evidence
for each statement
execute function stock_data_evidence_keep()
