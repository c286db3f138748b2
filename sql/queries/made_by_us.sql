-- Whose table is stock_data? 'now': as this version makes it; 'before': as earlier ones made it,
-- with prices in cents, whole volumes and symbols of ten letters; null: somebody else's.
-- By every column with its type, its default and whether it may be null, and by every rule.
-- unused: no row has ever been put into it without an id.
with described as (
    select
        (
            select
                array_agg(
                    attname || ' ' || format_type(atttypid, atttypmod)
                    || case when attnotnull then ' not null' else '' end
                    || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
                    order by attnum
                )
            from pg_attribute
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
            where
                attrelid = pg_class.oid
                and attnum > 0
                and not attisdropped
                and attidentity = ''
                and attgenerated = ''
        ) as columns,
        (
            select array_agg(pg_get_constraintdef(oid) order by pg_get_constraintdef(oid))
            from pg_constraint
            where conrelid = pg_class.oid and contype <> 'n'
        ) as rules,
        pg_get_serial_sequence(pg_class.oid::regclass::text, 'id') as sequence
    from pg_class
    where
        oid = to_regclass('stock_data')
        and relkind = 'r'
        and not relhasrules
        and not relispartition
        and not exists (select from pg_trigger where tgrelid = pg_class.oid and not tgisinternal)
        and not exists (select from pg_inherits where pg_class.oid in (inhrelid, inhparent))
        and 'id' = any(
            select attname from pg_attribute where attrelid = pg_class.oid and not attisdropped
        )
)

select
    case columns
        when array[
            'id integer not null default nextval(''stock_data_id_seq''::regclass)',
            'symbol character varying(32) not null',
            'date date not null',
            'open numeric not null',
            'high numeric not null',
            'low numeric not null',
            'close numeric not null',
            'volume numeric not null',
            'created_at timestamp without time zone default now()'
        ] then 'now'
        when array[
            'id integer not null default nextval(''stock_data_id_seq''::regclass)',
            'symbol character varying(10) not null',
            'date date not null',
            'open numeric(10,2) not null',
            'high numeric(10,2) not null',
            'low numeric(10,2) not null',
            'close numeric(10,2) not null',
            'volume bigint not null',
            'created_at timestamp without time zone default now()'
        ] then 'before'
    end as made,
    coalesce(pg_sequence_last_value(sequence::regclass) is null, false) as unused
from described
where rules = array['PRIMARY KEY (id)', 'UNIQUE (symbol, date)']
