-- What was read elsewhere, under the name that a source here has: no other table is asked.
create temp table stock_data (symbol text, date {moment}) on commit drop
