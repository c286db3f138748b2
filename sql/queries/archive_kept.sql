-- The archived bars that have not come again, neither into the table nor into a later file.
select distinct on (old.{symbol}, old.{date}) old.*
from archived_rows as old
where not exists (
    select
    from {table} as new
    where new.{symbol} = old.{symbol} and new.{date} = old.{date}
)
order by old.{symbol}, old.{date}, old."archived in file" desc
