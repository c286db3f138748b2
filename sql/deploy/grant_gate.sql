-- What a run does: read the bars, stage in temporary tables, replace what it published before.
-- Nothing may delete from the quarantine, nor change what was extracted or logged.
grant connect, temporary on database {database} to {user};
grant usage on schema public to {user};
grant select on stock_data to {user};
grant select, insert, update, delete on stock_data_enriched to {user};
revoke all on
stock_data_quarantine, stock_data_evidence, stock_data_publications, stock_data_audit,
stock_data_repairs, stock_data_refusals
from {user};
grant select, insert on
stock_data_quarantine, stock_data_evidence, stock_data_publications, stock_data_audit,
stock_data_repairs, stock_data_refusals
to {user};
grant update (
    released_by, released_at, released_as, superseded_by, superseded_at,
    discarded_by, discarded_at, discard_reason
) on stock_data_quarantine to {user};
grant update (revoked_by, revoked_at, revoke_reason, void_run, void_at)
on stock_data_repairs to {user};
