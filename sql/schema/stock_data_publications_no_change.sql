create or replace trigger stock_data_publications_no_change
before update or delete or truncate on stock_data_publications
for each statement
execute function stock_data_publications_keep()
