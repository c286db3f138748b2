-- What this run holds already of the same read, or held until it was released, discarded, or found to
-- be outdated, stays. A new read is a new attempt, also of what was released or discarded since.
insert into stock_data_quarantine (
    run_id{carried}, attempt, row_number, symbol, date, open, high, low, close, volume, created_at, reasons,
    extracted_at
)
select
    staged.run_id{staged},
    1 + coalesce(
        (
            select max(held.attempt)
            from stock_data_quarantine as held
            where held.run_id = staged.run_id and held.row_number = staged.row_number
        ),
        0
    ),
    staged.row_number, staged.symbol, staged.date, staged.open, staged.high, staged.low,
    staged.close, staged.volume, staged.created_at, staged.reasons, %(extracted_at)s::timestamptz
from staged_quarantine as staged
where not exists (
    select
    from stock_data_quarantine as held
    where
        held.run_id = staged.run_id
        and held.row_number = staged.row_number
        and held.extracted_at is not distinct from %(extracted_at)s::timestamptz
        and (
            held.superseded_by is null
            or exists (
                select
                from stock_data_publications as newer
                where
                    newer.run_id = held.superseded_by
                    and newer.extracted_at > %(extracted_at)s::timestamptz
            )
            or exists (
                select
                from stock_data_quarantine as later
                where
                    later.run_id = held.superseded_by
                    and later.extracted_at > %(extracted_at)s::timestamptz
            )
        )
        and (
            staged.symbol, staged.date, staged.open, staged.high, staged.low, staged.close,
            staged.volume, staged.created_at, staged.reasons
        ) is not distinct from (
            held.symbol, held.date, held.open, held.high, held.low, held.close,
            held.volume, held.created_at, held.reasons
        )
)
