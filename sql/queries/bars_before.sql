-- Each symbol's last published bars before a date.
select
    bar.symbol,
    bar.date,
    bar.high::double precision as high,
    bar.low::double precision as low,
    bar.close::double precision as close
from unnest(%(symbols)s::text[]) as wanted (symbol)
cross join lateral (
    select *
    from stock_data_enriched as earlier
    where earlier.symbol = wanted.symbol and earlier.date < %(start)s
    order by earlier.date desc
    limit %(bars)s
) as bar
