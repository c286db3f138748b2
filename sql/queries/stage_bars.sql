create temporary table staged_bars on commit drop as
select symbol, date, open, high, low, close, volume, 0::bigint as position
from stock_data
with no data
