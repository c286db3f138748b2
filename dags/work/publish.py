"""Enriching and publishing what the gate let through: of a whole run, or of one partition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from dags.errors import AlteredError, GateClosed, LostBarsError
from dags.run.context import Run
from dags.run.due import calendars_of
from dags.staging.layout import ENRICHED, FAILING, REPORT, WAIVED
from dags.staging.records import (
    Extracted,
    PartValidated,
    Published,
    StepRecord,
    Transformed,
    Validated,
)
from dags.staging.run_folder import Staging
from dags.work.extract import staged_bars
from dags.work.indicators import correct, lookback
from dags.work.repairs import repaired_rows
from gx.report.document import read_document
from gx.suite.calendars import Calendars
from gx.terms import SEVERITIES
from sql.connection import connected
from sql.previous import previous_closes
from sql.publish import Publication, correct_returns, edge_bars, publish_bars, refusing
from sql.published import Gone
from sql.quarantine import HELD_WITH_SYMBOL, REPAIRED_AS, quarantine_bars, release
from transforms.bars import daily_return, enrich
from transforms.indicators import columns_of

_MISSED = pa.schema({"row": pa.int64(), "expectations": pa.list_(pa.string())})


@dataclass(frozen=True)
class Share:
    """The bars that one task publishes: all of ``run``, or the partition of this number.

    ``verdict`` is where the gate's decision is.
    """

    run: Run
    verdict: Staging
    number: int | None = None

    @cached_property
    def judging(self) -> StepRecord:
        """What the gate said of itself."""
        return self.verdict.record("validate")

    @cached_property
    def decision(self) -> Validated:
        """What the gate decided; raises GateClosed when nothing may pass and nothing is held."""
        decided = self.judging.found
        # A person can mark the task as a success; the gate stays what it was.
        if not isinstance(decided, Validated) or not (decided.open or decided.held):
            raise GateClosed(
                "The gate is closed, or has not decided: nothing was published. Clear "
                f"validate_data and everything after it. The report: {self.run.report_url}"
            )
        # A person can mark the question as a success; that is no answer.
        if decided.waits:
            raise GateClosed(
                "Nobody has decided whether the held symbols are published: nothing was. Clear "
                f"the task that asks, and everything after it. The report: {self.run.report_url}"
            )
        return decided

    @property
    def first(self) -> int:
        """The position of the first of these bars in the whole extract."""
        return 0 if self.number is None else self.decision.first_rows[self.number]

    @property
    def held(self) -> set[str]:
        """The symbols that the gate holds back."""
        return set(self.decision.held)

    @cached_property
    def extracted(self) -> Extracted:
        """What was said of these bars when they were read."""
        return self.run.staging.found(Extracted)

    @property
    def failing(self) -> pa.Table:
        """The failing bars of the whole run, as the gate found them."""
        return self.verdict.read_table(FAILING, self.judging.seals.get(FAILING))

    @cached_property
    def severities(self) -> Mapping[str, str]:
        """What it counts as to miss an expectation of this description; of several, the gravest."""
        report = read_document(self.verdict.read_json(REPORT, self.judging.seals.get(REPORT)))
        said: list[tuple[str, str]] = []
        for outcome in report.expectations:
            rows = [(one.description, one.severity) for one in outcome.exceptions if one.severity]
            said += rows or [(outcome.description, outcome.severity)]
        return dict(sorted(said, key=lambda one: -SEVERITIES.index(one[1])))

    @property
    def remarked(self) -> pa.Table:
        """What bars of the whole run miss, also what is waived of it: row, expectations."""
        seals = self.judging.seals
        found = [self.failing]
        if WAIVED in seals:
            found.append(self.verdict.read_table(WAIVED, seals[WAIVED]))
        # A file without rows does not know of what its lists would be.
        rows = [one.select(_MISSED.names).cast(_MISSED) for one in found if one.num_rows]
        return pa.concat_tables(rows) if rows else _MISSED.empty_table()

    def verified_bars(self) -> pa.Table:
        """The bars as they were judged; raises AlteredError for others."""
        staging = self.run.staging
        judging = staging.finished("validate")
        if self.number is not None and judging.attempt != self.decision.parts[self.number]:
            raise AlteredError(
                f"the bars in {staging} were extracted anew after the partitions were judged; "
                "clear judge_partitions and everything after it"
            )
        bars = staged_bars(staging)
        whole = self.number is None
        rows = (staging.found(Validated) if whole else staging.found(PartValidated)).rows
        if bars.num_rows != rows:
            raise LostBarsError(f"{rows} bars were judged, {bars.num_rows} are staged")
        return bars


def transform_share(share: Share) -> Transformed:
    """Enrich the bars that the gate let through, as the step `transform`."""
    staging, held = share.run.staging, share.held
    with staging.recorded("transform") as record:
        bars = share.verified_bars()
        bars = bars.append_column("remarks", _remarks(share, bars.num_rows))
        bars = bars.append_column("repaired", _repaired(share, bars.num_rows))
        passed = bars.filter(pc.invert(_is_held(bars, held)))
        carried = passed.select(list(share.run.dataset.carried))
        frame = passed.drop_columns(["created_at", *carried.column_names]).to_pandas(
            date_as_object=False
        )
        symbols = sorted(set(frame["symbol"]))
        enriched = enrich(
            frame.assign(row=np.arange(len(frame))),
            previous_close=_closes_before(share.run, symbols),
            indicators=share.run.dataset.indicators,
            before=lookback(share.run, symbols),
        )
        table = _with_carried(share.run, enriched, carried)
        staging.write_table(ENRICHED, table)
        record.found = found = Transformed(rows=len(enriched), columns=tuple(table.column_names))
    return found


def _with_carried(run: Run, enriched: pd.DataFrame, carried: pa.Table) -> pa.Table:
    """The enriched bars with what goes along with them, as it was extracted, and their session."""
    table = pa.Table.from_pandas(enriched.drop(columns="row"), preserve_index=False)
    along = carried.take(pa.array(enriched["row"]))
    for name in along.column_names:
        table = table.append_column(name, along[name])
    if run.dataset.is_daily:
        return table
    from gx.dataset.sessions import session_dates

    calendars = calendars_of(run, enriched["symbol"].unique()) or Calendars("24/7")
    return table.append_column("session", pa.array(session_dates(enriched, calendars), pa.date32()))


def publish_share(share: Share) -> Published:
    """Publish what passed and set aside what is held, in one transaction: no bar is lost."""
    run, staging, found = share.run, share.run.staging, share.extracted
    held_symbols = share.held
    enriched = staging.read_table(ENRICHED, staging.finished("transform").seals.get(ENRICHED))
    held = _held(share.verified_bars(), held_symbols, share.first)
    if enriched.num_rows + held.num_rows != found.rows:
        raise LostBarsError(
            f"{found.rows} bars were extracted, but {enriched.num_rows} passed and "
            f"{held.num_rows} are held; nothing was published. Clear extract_stock_data and "
            "everything after it."
        )
    passed = [symbol for symbol in run.request.symbols if symbol not in held_symbols]
    run_id, (start, end) = run.identity.run_id, run.moments
    extracted_at = found.extracted_at
    assert extracted_at is not None
    with connected(run.published_at) as engine, refusing(), engine.begin() as connection:
        done = publish_bars(
            connection,
            enriched,
            run_id=run_id,
            symbols=passed,
            start=start,
            end=end,
            extracted_at=extracted_at,
            removable=_removable(found.gone, passed),
            carried=_carried(run),
            indicators=columns_of(run.dataset.indicators),
            verdict="quarantined" if held_symbols else "passed",
            extract_digest=found.digest,
        )
        quarantine_bars(
            connection,
            held.drop_columns(["row"]),
            run_id=run_id,
            reasons=_reasons(share, held),
            row_numbers=held["row"].to_pylist(),
            extracted_at=extracted_at,
            carried=run.dataset.carried,
        )
        released = release(
            connection,
            run_id=run_id,
            symbols=passed,
            start=start,
            end=end,
            extracted_at=extracted_at,
        )
        returns = _correct_edges(connection, share, passed, done)
        indicators = correct(connection, run, passed, done)
    return Published(
        rows=done.rows,
        new=done.new,
        changed=done.changed,
        removed=done.removed,
        held=held.num_rows,
        released=released.released,
        superseded=done.superseded,
        returns=returns,
        indicators=indicators,
        still_held=released.still_held,
        newer=done.newer,
        place=run.dataset.published_table,
    )


def _carried(run: Run) -> tuple[str, ...]:
    """The columns that go along with a bar."""
    return (*run.dataset.carried, *(() if run.dataset.is_daily else ("session",)))


def _correct_edges(
    connection: Connection, share: Share, passed: list[str], done: Publication
) -> int:
    """Compute anew the returns of bars whose bar before them may have changed.

    Among bars of a newer extract that stayed, that is any; also where this one had none of them.
    """
    start, end = share.run.moments
    edges = edge_bars(
        connection,
        symbols=passed,
        start=start,
        end=end,
        everywhere=bool(done.newer),
    )
    right = daily_return(edges["close"], edges["previous_close"])
    same = (right == edges["daily_return"]) | (right.isna() & edges["daily_return"].isna())
    return correct_returns(connection, edges.assign(daily_return=right)[~same])


def _removable(gone: Iterable[Gone], passed: list[str]) -> dict[str, int]:
    """How many published bars of each symbol the gate let go away."""
    known = set(passed)
    return {one.symbol: one.bars for one in gone if one.symbol in known}


def _closes_before(run: Run, symbols: list[str]) -> dict[str, float]:
    """The closes that the first returns of the range look back to; an open range has none."""
    start, _ = run.moments
    if start is None:
        return {}
    with connected(run.published_at) as engine, engine.connect() as connection:
        return previous_closes(connection, symbols, start)


def _is_held(bars: pa.Table, held: set[str]) -> pa.ChunkedArray:
    return pc.is_in(bars["symbol"], pa.array(sorted(held), pa.string()))


def _held(bars: pa.Table, held: set[str], first: int) -> pa.Table:
    """The bars of held symbols, as extracted, with their position (row, int64) in the extract."""
    positions = pa.array(np.arange(first, first + bars.num_rows))
    return bars.append_column("row", positions).filter(_is_held(bars, held))


def _reasons(share: Share, held: pa.Table) -> list[list[str]]:
    if not held.num_rows:
        return []
    failing = share.failing.select(["row", "reasons"])
    mine = failing.filter(pc.is_in(failing["row"], held["row"].combine_chunks()))
    by_row = {
        row: _gravest_first(reasons, share.severities)
        for row, reasons in zip(mine["row"].to_pylist(), mine["reasons"].to_pylist(), strict=True)
    }
    # A bar is held with the numbers that were judged; the source has others.
    rules = repaired_rows(share.run.staging)
    said = {row + share.first: [f"{REPAIRED_AS} {rule}"] for row, rule in rules.items()}
    beside = share.decision.beside
    return [
        [
            *by_row.get(row, [HELD_WITH_SYMBOL]),
            *([beside[symbol]] if symbol in beside else []),
            *said.get(row, []),
        ]
        for row, symbol in zip(held["row"].to_pylist(), held["symbol"].to_pylist(), strict=True)
    ]


def _gravest_first(reasons: Sequence[str], severities: Mapping[str, str]) -> list[str]:
    """Why a bar is held; what holds nobody comes behind that, and says so."""
    lesser = {one: severities.get(one, "critical") for one in reasons}
    held = [one for one in reasons if lesser[one] == "critical"]
    return held + [f"{one} ({lesser[one]})" for one in reasons if lesser[one] != "critical"]


def _repaired(share: Share, rows: int) -> pa.Array:
    """The rule by which each bar was repaired; None for most."""
    rules = repaired_rows(share.run.staging)
    return pa.array(
        [rules.get(row) for row in range(rows)] if rules else [None] * rows, pa.string()
    )


def _remarks(share: Share, rows: int) -> pa.Array:
    """What each bar misses, waived or not, as the names of expectations; None for most."""
    failing = share.remarked
    place = pc.subtract(failing["row"], share.first)
    mine = pc.and_(pc.greater_equal(place, 0), pc.less(place, rows))
    names = failing["expectations"].filter(mine).to_pylist()
    remarks: list[list[str] | None] = [None] * rows
    for at, missed in zip(place.filter(mine).to_pylist(), names, strict=True):
        remarks[at] = list(dict.fromkeys([*(remarks[at] or []), *missed]))
    return pa.array(remarks, pa.list_(pa.string()))
