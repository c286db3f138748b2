create index if not exists stock_data_refusals_symbol
on stock_data_refusals (symbol)
