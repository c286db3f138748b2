-- The rows of a file to be, as they are; copies lie one behind the other.
select {columns}
from {table} as given
where
    {symbol} = any(%(symbols)s)
    and {moment} >= %(first)s
    and {moment} < %(end)s
order by {symbol}, {moment}, (given.*)::text
