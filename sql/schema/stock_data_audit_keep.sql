create or replace function stock_data_audit_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'rows of stock_data_audit are never deleted, and stay as they were written'
    using hint = 'What is taken back is a row of its own.';
end
$$
