-- The first argument is always NULL; it lends the order the collation of the table's column.
select wanted.symbol
from unnest(%(symbols)s::text[]) as wanted (symbol)
order by
    coalesce(
        (
            select bar.symbol::text
            from stock_data as bar
            limit 0
        ),
        wanted.symbol
    )
