-- What was said already of the same bar by the same version, as the same run published it, stays.
insert into stock_data_signals (
    symbol, date, signal, horizon, model, model_version, run_id, verdict, gate_version
)
select
    symbol,
    date,
    signal,
    %(horizon)s,
    %(model)s,
    %(model_version)s,
    run_id,
    verdict,
    %(gate_version)s
from unnest(
    %(symbols)s::text[],
    %(dates)s::timestamptz[],
    %(signals)s::double precision[],
    %(run_ids)s::text[],
    %(verdicts)s::text[]
) as said (symbol, date, signal, run_id, verdict)
on conflict do nothing
