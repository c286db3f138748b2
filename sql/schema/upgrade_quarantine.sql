-- A table of before knows one attempt of a run, released rows alone, or not when a bar was read.
do $$
begin
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_quarantine'::regclass
            and attname = 'attempt'
            and not attisdropped
    ) then
        alter table stock_data_quarantine
        add column attempt integer not null default 1,
        add column released_as text check (released_as in ('same', 'corrected')),
        add column superseded_by text,
        add column superseded_at timestamptz,
        add column discarded_by text,
        add column discarded_at timestamptz,
        add column discard_reason text,
        drop constraint stock_data_quarantine_pkey,
        add primary key (run_id, attempt, row_number);
    end if;
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_quarantine'::regclass
            and attname = 'extracted_at'
            and not attisdropped
    ) then
        alter table stock_data_quarantine add column extracted_at timestamptz;
    end if;
end
$$
