-- A table of before was overwritten by a run that was logged again.
do $$
begin
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_evidence'::regclass
            and attname = 'attempt'
            and not attisdropped
    ) then
        alter table stock_data_evidence
        add column attempt integer not null default 1,
        drop constraint stock_data_evidence_pkey,
        add primary key (run_key, attempt, path);
    end if;
end
$$
