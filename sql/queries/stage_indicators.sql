create temporary table staged_indicators on commit drop as
select
    symbol, date{more}
from stock_data_enriched
with no data
