create or replace function stock_data_publications_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'rows of stock_data_publications are never deleted, and stay as they were written'
    using hint = 'Without it an older extract would overwrite a newer one.';
end
$$
