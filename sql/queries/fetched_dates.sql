select date
from {table}
where symbol = %(symbol)s
order by date
