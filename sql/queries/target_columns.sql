-- The columns of the table that bars are loaded into. A domain counts as the type below it.
with recursive found as (
    select
        attname,
        attnum,
        format_type(atttypid, atttypmod) as shown,
        atttypid as type_id,
        atttypmod as modifier,
        attnotnull as not_null,
        attgenerated <> '' or attidentity = 'a' as generated,
        atthasdef or attidentity <> '' as filled
    from pg_attribute
    where attrelid = to_regclass('stock_data') and attnum > 0 and not attisdropped
    union all
    select
        found.attname,
        found.attnum,
        found.shown,
        pg_type.typbasetype,
        pg_type.typtypmod,
        found.not_null or pg_type.typnotnull,
        found.generated,
        found.filled or pg_type.typdefault is not null
    from found
    inner join pg_type on pg_type.oid = found.type_id and pg_type.typtype = 'd'
)

select
    found.attname as name,
    found.shown,
    pg_type.typname as type,
    found.modifier,
    found.not_null,
    found.generated,
    found.filled
from found
inner join pg_type on pg_type.oid = found.type_id and pg_type.typtype <> 'd'
order by found.attnum
