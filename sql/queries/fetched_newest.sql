select max(date)
from {table}
where symbol = %(symbol)s
