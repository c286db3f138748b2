copy stock_data (symbol, date, open, high, low, close, volume)
from stdin (format csv, header)
