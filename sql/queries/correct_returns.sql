update stock_data_enriched as kept set
    daily_return = corrected.daily_return
from (
    select
        unnest(%(of_symbols)s::text[]) as symbol,
        unnest(%(dates)s::timestamp[]) as date,
        unnest(%(returns)s::double precision[]) as daily_return
) as corrected
where kept.symbol = corrected.symbol and kept.date = corrected.date
