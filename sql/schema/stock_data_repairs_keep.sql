-- No column is named by the trigger: those of bars within the day get another type.
create or replace function stock_data_repairs_keep() returns trigger
language plpgsql as $$
declare
    ends constant text[] := '{revoked_by,revoked_at,revoke_reason,void_run,void_at}';
begin
    if tg_op = 'UPDATE' then
        if
            old.revoked_by is null
            and old.void_run is null
            and to_jsonb(new) - ends = to_jsonb(old) - ends
        then
            return new;
        end if;
    end if;
    raise exception 'rows of stock_data_repairs are never deleted, and stay as they were accepted'
    using hint = 'A repair that is wrong is revoked, once, with a reason.';
end
$$
