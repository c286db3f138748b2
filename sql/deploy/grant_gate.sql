-- What a run does: read the bars, stage in temporary tables, replace what it published before, and
-- keep the digests of what it logged.
grant connect, temporary on database {database} to {user};
grant usage on schema public to {user};
grant select on stock_data to {user};
grant select, insert, update, delete on stock_data_enriched, stock_data_quarantine to {user};
grant select, insert, update, delete on stock_data_evidence to {user};
