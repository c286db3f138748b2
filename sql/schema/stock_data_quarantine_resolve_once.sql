create or replace trigger stock_data_quarantine_resolve_once
before update on stock_data_quarantine
for each row
when (
    old.released_by is not null
    or old.superseded_by is not null
    or old.discarded_by is not null
)
execute function stock_data_quarantine_resolved()
