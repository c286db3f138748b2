"""What a closed gate says of each symbol, for whoever asks which are good (`gate verdict`)."""

from typing import TYPE_CHECKING, Any

from dags.run.context import Run
from dags.staging.records import Extracted
from sql.connection import connected
from sql.standings import Refusal, refuse

if TYPE_CHECKING:
    import pandas as pd

    from gx.report.model import QualityReport


def refusals_of(report: "QualityReport") -> list[Refusal]:
    """The symbols that failed critically, each with the days of its failing bars.

    Where something failed that belongs to no symbol, every symbol is refused, on no day alone.
    """
    decided = report.decide("quarantine")
    if not decided.open and not decided.held:
        present = [name for name, one in report.symbols.items() if name and one.rows]
        return [Refusal(name, None, None, decided.reasons) for name in present]
    critical = report.failing[report.failing["severity"] == "critical"]
    days = {str(name): bars["date"] for name, bars in critical.groupby("symbol", sort=False)}
    return [
        Refusal(name, *_ends(days.get(name)), report.symbols[name].reasons)
        for name in report.held
        if name
    ]


def _ends(dates: "pd.Series[Any] | None") -> tuple[Any, Any]:
    """The first and the last of the days; none where a bar has none."""
    if dates is None or dates.isna().any():
        return None, None
    return dates.min().to_pydatetime(), dates.max().to_pydatetime()


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
