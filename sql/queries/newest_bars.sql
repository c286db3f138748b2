-- Of the bars that a query finds, each symbol's newest.
select {columns}
from (
    select
        found.*,
        row_number() over (partition by found.symbol order by found.date desc nulls last) as place
    from (
        {query}
    ) as found
) as placed
where place <= {newest}
order by symbol, date
