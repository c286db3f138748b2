-- What archiving writes beside the bars. Deleting them, and putting them back, is granted by whoever
-- wants it: grant delete, insert on stock_data to ….
grant select, insert, update on archived_bars to {user};
