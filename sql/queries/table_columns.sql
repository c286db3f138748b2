select attname, format_type(atttypid, null)
from pg_attribute
where
    attrelid = to_regclass('stock_data')
    and attnum > 0
    and not attisdropped
order by attnum
