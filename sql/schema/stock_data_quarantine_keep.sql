create or replace function stock_data_quarantine_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'rows of stock_data_quarantine are never deleted, and stay as extracted'
    using hint = 'To be rid of a bar, discard it with a reason.';
end
$$
