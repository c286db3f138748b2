-- How many bars lie before a moment, by year and symbol. What has no symbol, or a date that no calendar
-- holds, belongs to no year and stays.
select
    bar.symbol,
    extract(year from bar.moment)::integer as year,
    count(*) as rows,
    sum(bar.size)::bigint as bytes
from (
    select
        {symbol} as symbol,
        {moment} as moment,
        pg_column_size(given.*) as size
    from {table} as given
) as bar
where
    bar.symbol is not null
    and bar.moment >= '0001-01-01'
    and bar.moment < %(before)s
group by bar.symbol, year
order by year, bar.symbol
