"""The steps up to publishing. Each reads and writes the run's folder, and can run again."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from dags.errors import GateClosed
from dags.known_symbols import remember
from dags.layout import (
    BARS,
    CONTEXT,
    DOCS_PAGE,
    ENRICHED,
    FAILING,
    REPORT,
    REPORT_PAGE,
    RESULTS,
    SUITE,
)
from dags.run import Run
from dags.staging import Staging
from sql.connection import connected
from sql.errors import NoBarsError
from sql.extract import extract_bars, known_symbols
from sql.previous import previous_closes
from sql.publish import publish_bars, quarantine_bars, release
from transforms.bars import enrich

if TYPE_CHECKING:
    from gx.report import QualityReport

log = logging.getLogger(__name__)
HELD_WITH_SYMBOL = "held with its symbol"


def extract(run: Run) -> dict[str, Any]:
    """Stream the bars of the request from PostgreSQL into the run's folder."""
    request, staging = run.request, run.staging
    staging.prepare()
    staging.clean_others(keep_days=run.settings.staging_keep_days)
    with staging.recorded("extract") as record, connected(run.settings.bars()) as engine:
        with (staging.root / BARS).open("wb") as sink:
            found = extract_bars(
                engine, sink, symbols=request.symbols, start=request.start, end=request.end
            )
        context_rows = _extract_context(run, engine)
        remember(run.settings.results_dir, known_symbols(engine))
        record.update(
            rows=found.rows,
            rows_by_symbol=found.rows_by_symbol,
            missing_symbols=list(found.missing),
            first_date=found.first_date,
            last_date=found.last_date,
            context_rows=context_rows,
            digest=found.digest,
            sql=found.sql,
        )
    if found.missing:
        log.warning("no bars of %s in the range; the others go on", ", ".join(found.missing))
    return {"rows": found.rows, "missing_symbols": list(found.missing)}


def _extract_context(run: Run, engine: Engine) -> int:
    """Stage the bars just before the range: a single day alone says nothing of what is ordinary."""
    start, days = run.request.start, timedelta(days=run.settings.context_days)
    if start is None or not days:
        return 0
    symbols, before = run.request.symbols, start - timedelta(days=1)
    try:
        with (run.staging.root / CONTEXT).open("wb") as sink:
            return extract_bars(engine, sink, symbols=symbols, start=start - days, end=before).rows
    except NoBarsError:
        run.staging.remove(CONTEXT)
        return 0


def _context(staging: Staging) -> pd.DataFrame | None:
    if not staging.exists(CONTEXT):
        return None
    table = staging.read_table(CONTEXT)
    dated: pd.DataFrame = table.filter(pc.is_valid(table["date"])).to_pandas(date_as_object=False)
    return dated


def validate(run: Run) -> dict[str, Any]:
    """Run the checkpoint on the staged bars; raises GateClosed when they may not pass."""
    staging, settings = run.staging, run.settings
    with staging.recorded("validate") as record:
        # Seconds of import, which belong to this step alone.
        from gx import checkpoint
        from gx.render import render_html

        bars = staging.read_table(BARS).to_pandas(date_as_object=False)
        report = checkpoint.run(
            bars,
            results=settings.results_dir,
            run_name=staging.root.name,
            as_of=run.request.end.isoformat() if run.request.end else None,
            context=_context(staging),
        )
        extracted = staging.read_json("steps/extract.json")
        staging.write_frame(FAILING, report.failing)
        staging.write_json(RESULTS, report.to_dict())
        staging.write_json(REPORT, report.to_dict(every_row=False))
        staging.write_text(DOCS_PAGE, report.page)
        staging.write_text(SUITE, report.suite_text)
        staging.write_text(
            REPORT_PAGE,
            render_html(
                report,
                provenance={"Run": staging.root.name, **_provenance(extracted)},
                bars=bars,
            ),
        )
        decision = report.decide(run.request.policy)
        record.update(open=decision.open, held=list(decision.held), reasons=list(decision.reasons))
        # With every symbol held there are bars to set aside before the run fails.
        if not decision.open and not decision.held:
            _say_why(report, run)
            raise GateClosed(
                f"{report.sentence} {'; '.join(decision.reasons)}. The report: {run.report}"
            )
    return {"verdict": report.sentence, "held": list(decision.held)}


def _say_why(report: "QualityReport", run: Run) -> None:
    """What an operator looks for first in the log of the failed task."""
    log.error("%s", report.sentence)
    for outcome in report.blocking:
        shown = ", ".join(outcome.symbols[:10]) + (", …" if len(outcome.symbols) > 10 else "")
        rows = f"{outcome.unexpected_count:,} failing" if outcome.unexpected_count else "failed"
        log.error("%s: %s, in %s", outcome.name, rows, shown or "the table as a whole")
    log.error("The report: %s", run.report_url)


def transform(run: Run) -> dict[str, Any]:
    """Enrich the bars that the gate let through."""
    staging = run.staging
    with staging.recorded("transform") as record, connected(run.settings.bars()) as engine:
        bars = _passed(staging).drop_columns(["created_at"]).to_pandas(date_as_object=False)
        with engine.connect() as connection:
            before = previous_closes(connection, sorted(set(bars["symbol"])), run.request.start)
        enriched = enrich(bars, previous_close=before)
        staging.write_frame(ENRICHED, enriched)
        record.update(rows=len(enriched), columns=list(enriched.columns))
    return {"rows": len(enriched)}


def publish(run: Run) -> dict[str, Any]:
    """Publish what passed and set aside what is held, in one transaction: no bar is lost."""
    request, staging, run_id = run.request, run.staging, run.identity.run_id
    with staging.recorded("publish") as record, connected(run.settings.bars()) as engine:
        enriched, held = staging.read_table(ENRICHED), _held(staging)
        extracted = staging.read_json("steps/extract.json")["rows"]
        if enriched.num_rows + held.num_rows != extracted:
            raise RuntimeError(
                f"{extracted} bars were extracted, but {enriched.num_rows} passed and "
                f"{held.num_rows} are held; nothing was published"
            )
        passed = [s for s in request.symbols if s not in _held_symbols(staging)]
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
                reasons=_reasons(staging, held),
                row_numbers=held["row"].to_pylist(),
            )
            released = release(
                connection, run_id=run_id, symbols=passed, start=request.start, end=request.end
            )
        record.update(
            rows=published.rows,
            new=published.new,
            changed=published.changed,
            removed=published.removed,
            held=held.num_rows,
            released=released,
        )
        if not staging.read_json("steps/validate.json")["open"]:
            raise GateClosed(
                f"Every symbol is held; their {held.num_rows:,} bars are in quarantine, nothing "
                f"was published. The report: {run.report}"
            )
    return {"rows": published.rows, "held": held.num_rows}


def _held_symbols(staging: Staging) -> list[str]:
    return list(staging.read_json("steps/validate.json")["held"])


def _passed(staging: Staging) -> pa.Table:
    bars = staging.read_table(BARS)
    held = pa.array(_held_symbols(staging), pa.string())
    return bars.filter(pc.invert(pc.is_in(bars["symbol"], held)))


def _held(staging: Staging) -> pa.Table:
    """The bars of held symbols, as extracted, with their position (row, int64) in the extract."""
    bars = staging.read_table(BARS)
    bars = bars.append_column("row", pa.array(range(bars.num_rows), pa.int64()))
    return bars.filter(pc.is_in(bars["symbol"], pa.array(_held_symbols(staging), pa.string())))


def _reasons(staging: Staging, held: pa.Table) -> list[list[str]]:
    failing: pd.DataFrame = staging.read_table(FAILING).to_pandas()
    by_row = dict(zip(failing["row"], failing["reasons"], strict=True))
    return [list(by_row.get(row, [HELD_WITH_SYMBOL])) for row in held["row"].to_pylist()]


def _provenance(extracted: dict[str, Any]) -> dict[str, Any]:
    return {"Data digest": extracted["digest"], "Query": extracted["sql"]}
