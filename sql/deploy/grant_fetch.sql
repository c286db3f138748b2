-- What a fetch remembers of its bars; nothing may change what was restated.
grant select, insert, update, delete on fetch_series, fetch_again, fetch_holes, ib_requests to {user};
grant select, insert on bar_restatements to {user};
