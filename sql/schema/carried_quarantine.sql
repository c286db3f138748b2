-- Held bars keep the columns that went along with them, as they were extracted.
-- Asked first: an alter table waits for every reader, though it may have nothing to do.
do $$
begin
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_quarantine'::regclass
            and attname = 'carried'
            and not attisdropped
    ) then
        alter table stock_data_quarantine add column carried jsonb;
    end if;
    create or replace trigger stock_data_quarantine_carried_no_change
    before update of carried on stock_data_quarantine
    for each statement
    execute function stock_data_quarantine_keep();
end
$$
