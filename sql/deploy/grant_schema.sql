-- A dataset's own tables are made by the first run of it.
create schema if not exists {schema};
grant usage, create on schema {schema} to {user};
