-- The moments at which a span of many bars is cut into files: each takes so many, or a few more where
-- several bars are of one moment.
select distinct (cut.moment)::timestamp as moment
from (
    select
        {moment} as moment,
        row_number() over (order by {moment}) as place
    from {table} as given
    where {symbol} = any(%(symbols)s) and {moment} >= %(first)s and {moment} < %(end)s
) as cut
where mod(cut.place - 1, %(most)s) = 0 and cut.place > 1
order by moment
