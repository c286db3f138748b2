create or replace function stock_data_quarantine_resolved() returns trigger
language plpgsql as $$
begin
    raise exception using
        message = 'a row of stock_data_quarantine that is resolved stays so (run '
            || old.run_id || ', row ' || old.row_number || ')',
        hint = 'What is held anew is a row of its own.';
end
$$
