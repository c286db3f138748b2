create or replace function stock_data_signals_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'rows of stock_data_signals are never deleted, and stay as they were written'
    using hint = 'What a model said when is what its trades are judged by.';
end
$$
