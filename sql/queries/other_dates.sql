-- A bar of a symbol that is being loaded whose date is not written as a loaded one would be: a load
-- would put the same day beside it.
select
    kept.symbol::text as symbol,
    kept.date::text as date
from stock_data as kept
where {other} and kept.symbol in (select symbol from staged_bars)
order by 1, 2
limit 1
