-- A table of before: its rows do not know when they were read, so any extract is newer; and nobody
-- vouches for those without a digest.
-- Asked first: an alter table waits for every reader, though it may have nothing to do.
do $$
begin
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_enriched'::regclass
            and attname = 'extracted_at'
            and not attisdropped
    ) then
        alter table stock_data_enriched
        alter column symbol type text,
        add column extracted_at timestamptz,
        add column remarks text[],
        add column doubts text[];
    end if;
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_enriched'::regclass
            and attname = 'repaired'
            and not attisdropped
    ) then
        alter table stock_data_enriched add column repaired text;
    end if;
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_enriched'::regclass
            and attname = 'digest'
            and not attisdropped
    ) then
        alter table stock_data_enriched add column digest bigint;
    end if;
end
$$
