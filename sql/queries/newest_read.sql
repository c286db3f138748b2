-- When what was published last was read.
select max(extracted_at)
from stock_data_publications
