-- The rule of stock_data by this name, as its owner wrote it.
select pg_get_constraintdef(oid)
from pg_constraint
where conrelid = to_regclass('stock_data') and conname = %(name)s
