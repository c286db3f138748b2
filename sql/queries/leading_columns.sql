-- The columns that an index of the table begins with.
select distinct attname::text as name
from pg_index
inner join pg_attribute on attrelid = indrelid and attnum = indkey[0]
where indrelid = to_regclass(%(table)s) and indisvalid
order by name
