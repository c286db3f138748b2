select distinct {symbol} as symbol
from {place} as given
where {symbol} is not null
order by symbol
