create temp table archived_rows on commit drop as
select {columns}
from {table} as given
with no data
