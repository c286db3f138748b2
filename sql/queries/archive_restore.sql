insert into {table} ({columns}) overriding system value
select {columns}
from archived_rows
