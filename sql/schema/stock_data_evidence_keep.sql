create or replace function stock_data_evidence_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'rows of stock_data_evidence are never deleted, and stay as they were written'
    using hint = 'What was handed to MLflow stays told.';
end
$$
