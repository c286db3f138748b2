-- Each symbol's first bar of the range and first bar behind it, with the close before it: what is
-- derived from two bars changes there when either of them does.
select
    edge.symbol,
    edge.date,
    edge.close,
    edge.daily_return,
    (
        select earlier.close
        from stock_data_enriched as earlier
        where earlier.symbol = edge.symbol and earlier.date < edge.date
        order by earlier.date desc
        limit 1
    ) as previous_close
from unnest(%(symbols)s::text[]) as wanted (symbol)
cross join lateral (
    (
        select bar.symbol, bar.date, bar.close, bar.daily_return
        from stock_data_enriched as bar
        where bar.symbol = wanted.symbol and bar.date >= coalesce(%(start)s::timestamp, '-infinity')
        order by bar.date
        limit 1
    )
    union
    (
        select bar.symbol, bar.date, bar.close, bar.daily_return
        from stock_data_enriched as bar
        where bar.symbol = wanted.symbol and bar.date > coalesce(%(end)s::timestamp, 'infinity')
        order by bar.date
        limit 1
    )
) as edge
