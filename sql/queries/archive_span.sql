-- The first and the last moment of the rows that came out of a file.
select
    min({moment})::timestamp as first_moment,
    max({moment})::timestamp as last_moment,
    array_agg(distinct {symbol} order by {symbol}) as symbols
from archived_rows as given
