-- What a model says of published bars; nothing may change what it said.
revoke all on stock_data_signals from {user};
grant select, insert on stock_data_signals to {user};
