create index if not exists stock_data_publications_newest
on stock_data_publications (extracted_at)
