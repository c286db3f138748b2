insert into stock_data_quarantine
select *
from staged_quarantine
on conflict (run_id, row_number) do nothing
