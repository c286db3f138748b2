-- Tables of bars within the day know the moment at which each begins, and the session it belongs to.
-- A trigger that names a column keeps its type: stock_data_quarantine_no_change is made anew after this.
do $$
declare
    held record;
begin
    drop trigger if exists stock_data_quarantine_no_change on stock_data_quarantine;
    for held in
        select
            attrelid::regclass as place,
            attname as name
        from pg_attribute
        where
            attrelid in (
                'stock_data_enriched'::regclass,
                'stock_data_quarantine'::regclass,
                'stock_data_publications'::regclass,
                to_regclass('stock_data_repairs'),
                to_regclass('stock_data_refusals')
            )
            and attname in ('date', 'first_date', 'last_date')
            and atttypid = 'date'::regtype
    loop
        execute 'alter table ' || held.place || ' alter column ' || held.name || ' type timestamptz';
    end loop;
    alter table stock_data_enriched add column if not exists session date;
end
$$
