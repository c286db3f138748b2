-- Published bars that are not as the repairs say that are open now, or that are as one says that has
-- ended. No repair is ever deleted, so they are found by the repairs.
with said as (
    select distinct on (symbol, date)
        symbol,
        date,
        revoked_by is null and void_run is null as is_open,
        new_open,
        new_high,
        new_low,
        new_close,
        new_volume
    from stock_data_repairs
    where
        not dropped
        and (%(symbols)s::text[] is null or symbol = any(%(symbols)s))
    order by symbol asc, date asc, revoked_by is null and void_run is null desc, id desc
)

select
    symbol,
    date,
    said.is_open,
    bar.open::double precision as open,
    bar.high::double precision as high,
    bar.low::double precision as low,
    bar.close::double precision as close,
    bar.volume::double precision as volume
from said
inner join stock_data_enriched as bar using (symbol, date)
where
    case
        when said.is_open
            then
                (bar.open, bar.high, bar.low, bar.close, bar.volume)
                is distinct from (new_open, new_high, new_low, new_close, new_volume)
        else bar.repaired is not null
    end
order by symbol, date
