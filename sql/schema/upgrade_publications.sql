-- A table of before does not tell the verdict, nor what was judged.
do $$
begin
    if not exists (
        select
        from pg_attribute
        where
            attrelid = 'stock_data_publications'::regclass
            and attname = 'verdict'
            and not attisdropped
    ) then
        alter table stock_data_publications
        add column verdict text,
        add column extract_digest text;
    end if;
end
$$
