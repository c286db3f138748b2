-- The moment of each symbol's newest bar but some, of those that have as many.
select
    placed.symbol,
    placed.moment
from (
    select
        bar.symbol::text as symbol,
        ({moment})::timestamp as moment,
        row_number() over (partition by bar.symbol::text order by {moment} desc) as place
    from stock_data as bar
    where
        bar.symbol::text = any(%(symbols)s)
        and {moment} between '0001-01-01' and '9999-12-31'
        and {moment} <= coalesce(%(end)s::timestamp, 'infinity')
) as placed
where placed.place = %(newest)s
