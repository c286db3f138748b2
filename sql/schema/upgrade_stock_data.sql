-- Only for a table that an earlier version of this one made: somebody else's stays as it is.
alter table stock_data
alter column symbol type varchar(32),
alter column open type numeric,
alter column high type numeric,
alter column low type numeric,
alter column close type numeric,
alter column volume type numeric
