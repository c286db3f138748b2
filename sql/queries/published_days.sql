-- Whether published bars are known by their day; others are by their moment.
select atttypid = 'date'::regtype
from pg_attribute
where attrelid = 'stock_data_enriched'::regclass and attname = 'date' and not attisdropped
