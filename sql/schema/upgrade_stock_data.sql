-- A table of before: prices in cents, whole volumes, symbols of ten letters. Only a table that has
-- its very columns is taken for one, and of these only those that are still as they were made.
do $$
declare
    narrow text[];
begin
    select array_agg(
        'alter column ' || attname || ' type '
        || case attname when 'symbol' then 'varchar(32)' else 'numeric' end
        order by attnum
    )
    into narrow
    from pg_attribute
    where
        attrelid = 'stock_data'::regclass
        and attnum > 0
        and not attisdropped
        and (attname, format_type(atttypid, atttypmod)) in (
            ('symbol', 'character varying(10)'),
            ('open', 'numeric(10,2)'),
            ('high', 'numeric(10,2)'),
            ('low', 'numeric(10,2)'),
            ('close', 'numeric(10,2)'),
            ('volume', 'bigint')
        );
    if
        narrow is not null
        and (select relkind from pg_class where oid = 'stock_data'::regclass) = 'r'
        and (
            select array_agg(attname::text order by attname)
            from pg_attribute
            where attrelid = 'stock_data'::regclass and attnum > 0 and not attisdropped
        ) = '{close,created_at,date,high,id,low,open,symbol,volume}'
    then
        execute 'alter table stock_data ' || array_to_string(narrow, ', ');
    end if;
end
$$
