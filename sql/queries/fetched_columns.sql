select
    attribute.attname as name,
    type.typname as type,
    attribute.attnotnull as not_null,
    exists (
        select from pg_index
        where
            indrelid = attribute.attrelid
            and indisunique
            and indpred is null
            and (
                select array_agg(key.attname::text order by key.attname)
                from pg_attribute as key
                where key.attrelid = indrelid and key.attnum = any(indkey)
            ) = array['date', 'symbol']
    ) as has_key
from pg_attribute as attribute
inner join pg_type as type on attribute.atttypid = type.oid
where
    attribute.attrelid = %(table)s::regclass
    and attribute.attnum > 0
    and not attribute.attisdropped
