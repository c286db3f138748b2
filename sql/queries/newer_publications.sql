-- Publications of a newer extract that share symbols and dates with this one, the newest first.
select run_id
from stock_data_publications
where
    extracted_at > %(extracted_at)s
    and symbols && %(symbols)s
    and coalesce(first_date, '-infinity') <= coalesce(%(end)s::timestamp, 'infinity')
    and coalesce(last_date, 'infinity') >= coalesce(%(start)s::timestamp, '-infinity')
order by extracted_at desc
