-- Is there a schema of this name, and may it be made?
select
    current_database() as database,
    current_user as role,
    exists (
        select
        from pg_namespace
        where nspname = %(schema)s
    ) as there,
    has_database_privilege(current_database(), 'CREATE') as may_create
