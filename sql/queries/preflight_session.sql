-- Where this session is, and what it may do there.
select
    current_database() as database,
    current_user as role,
    pg_is_in_recovery() as is_replica,
    current_setting('transaction_read_only')::boolean as read_only,
    current_setting('server_encoding') as encoding,
    has_database_privilege(current_database(), 'TEMPORARY') as may_stage,
    current_schema() as schema,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) as may_create
