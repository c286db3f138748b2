"""What a closed gate says of each symbol, for whoever asks which are good (`gate verdict`)."""

from datetime import datetime
from typing import TYPE_CHECKING

from dags.run.context import Run
from dags.staging.records import Extracted
from sql.connection import connected
from sql.standings import Refusal, refuse

if TYPE_CHECKING:
    from gx.report.model import QualityReport


def refusals_of(report: "QualityReport") -> list[Refusal]:
    """The symbols that failed critically, each with the days of its failing bars.

    Where something failed that belongs to no symbol, or on no day, it is the newest day that was
    judged: who publishes that has judged the table anew.
    """
    newest = _moment(report.last_date)
    decided = report.decide("quarantine")
    if not decided.open and not decided.held:
        present = [name for name, one in report.symbols.items() if name and one.rows]
        return [Refusal(name, newest, newest, decided.reasons) for name in present]
    critical = report.failing[report.failing["severity"] == "critical"]
    dated = critical[critical["date"].notna()]
    days = {str(name): bars["date"] for name, bars in dated.groupby("symbol", sort=False)}
    return [
        Refusal(
            name,
            days[name].min().to_pydatetime() if name in days else newest,
            days[name].max().to_pydatetime() if name in days else newest,
            report.symbols[name].reasons,
        )
        for name in report.held
        if name
    ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def record_refusals(run: Run, report: "QualityReport") -> None:
    """Tell the database that the gate closed, and on whom."""
    found = run.staging.found(Extracted)
    assert found.extracted_at is not None
    with connected(run.published_at) as engine, engine.begin() as connection:
        refuse(
            connection,
            refusals_of(report),
            run_id=run.identity.run_id,
            extracted_at=found.extracted_at,
        )
