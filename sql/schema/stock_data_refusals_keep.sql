create or replace function stock_data_refusals_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'rows of stock_data_refusals are never deleted, and stay as they were written'
    using hint = 'A later run that publishes these days answers them.';
end
$$
