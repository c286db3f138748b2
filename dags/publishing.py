"""Enriching and publishing what the gate let through: of a whole run, or of one partition."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dags.layout import BARS, ENRICHED, FAILING
from dags.run import Run
from dags.staging import Staging
from sql.connection import connected
from sql.previous import previous_closes
from sql.publish import publish_bars, quarantine_bars, release
from transforms.bars import enrich

HELD_WITH_SYMBOL = "held with its symbol"


@dataclass(frozen=True)
class Share:
    """The bars that one task publishes: all of ``run``, or a partition of it.

    ``verdict`` is where the gate's decision is; ``first`` and ``end`` are the positions of these
    bars in the whole extract (None: whatever follows).
    """

    run: Run
    verdict: Staging
    first: int = 0
    end: int | None = None

    @property
    def held(self) -> set[str]:
        """The symbols that the gate holds back."""
        return set(self.verdict.read_json("steps/validate.json")["held"])


@dataclass(frozen=True)
class Published:
    """What was published, set aside and released, in bars."""

    rows: int
    new: int
    changed: int
    removed: int
    held: int
    released: int


def transform_share(share: Share) -> dict[str, Any]:
    """Enrich the bars that the gate let through; returns the step's record."""
    staging = share.run.staging
    with staging.recorded("transform") as record:
        bars = staging.read_table(BARS)
        passed = bars.filter(pc.invert(_is_held(bars, share.held)))
        frame = passed.drop_columns(["created_at"]).to_pandas(date_as_object=False)
        before = _closes_before(share.run, sorted(set(frame["symbol"])))
        enriched = enrich(frame, previous_close=before)
        staging.write_frame(ENRICHED, enriched)
        record.update(rows=len(enriched), columns=list(enriched.columns))
    return record


def publish_share(share: Share) -> Published:
    """Publish what passed and set aside what is held, in one transaction: no bar is lost."""
    run, staging = share.run, share.run.staging
    request, run_id, held_symbols = run.request, run.identity.run_id, share.held
    with connected(run.settings.bars()) as engine:
        enriched, held = staging.read_table(ENRICHED), _held(staging, held_symbols, share.first)
        extracted = staging.read_json("steps/extract.json")["rows"]
        if enriched.num_rows + held.num_rows != extracted:
            raise RuntimeError(
                f"{extracted} bars were extracted, but {enriched.num_rows} passed and "
                f"{held.num_rows} are held; nothing was published"
            )
        passed = [symbol for symbol in request.symbols if symbol not in held_symbols]
        with engine.begin() as connection:
            published = publish_bars(
                connection,
                enriched,
                run_id=run_id,
                symbols=passed,
                start=request.start,
                end=request.end,
            )
            quarantine_bars(
                connection,
                held.drop_columns(["row"]),
                run_id=run_id,
                reasons=_reasons(share, held),
                row_numbers=held["row"].to_pylist(),
                first=share.first,
                end=share.end,
            )
            released = release(
                connection, run_id=run_id, symbols=passed, start=request.start, end=request.end
            )
    return Published(
        rows=published.rows,
        new=published.new,
        changed=published.changed,
        removed=published.removed,
        held=held.num_rows,
        released=released,
    )


def _closes_before(run: Run, symbols: list[str]) -> dict[str, float]:
    """The closes that the first returns of the range look back to; an open range has none."""
    start = run.request.start
    if start is None:
        return {}
    with connected(run.settings.bars()) as engine, engine.connect() as connection:
        return previous_closes(connection, symbols, start)


def _is_held(bars: pa.Table, held: set[str]) -> pa.ChunkedArray:
    return pc.is_in(bars["symbol"], pa.array(sorted(held), pa.string()))


def _held(staging: Staging, held: set[str], first: int) -> pa.Table:
    """The bars of held symbols, as extracted, with their position (row, int64) in the extract."""
    bars = staging.read_table(BARS)
    positions = pa.array(np.arange(first, first + bars.num_rows))
    return bars.append_column("row", positions).filter(_is_held(bars, held))


def _reasons(share: Share, held: pa.Table) -> list[list[str]]:
    if not held.num_rows:
        return []
    failing = share.verdict.read_table(FAILING).select(["row", "reasons"])
    mine = failing.filter(pc.is_in(failing["row"], held["row"].combine_chunks()))
    by_row = dict(zip(mine["row"].to_pylist(), mine["reasons"].to_pylist(), strict=True))
    return [by_row.get(row, [HELD_WITH_SYMBOL]) for row in held["row"].to_pylist()]
