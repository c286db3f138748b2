"""What a run adds to the lines that MLflow draws over months."""

from datetime import date

from dags.reporting.tracked.metrics import expectation_shares, share, symbol_share
from gx.report.document import ReportDocument
from tracking.history.trends import TrendPoint

# A line each; more of them nobody tells apart, and each costs a request a run.
MOST_SYMBOLS = 20


def trend_points(
    report: ReportDocument | None,
    failing_rows: int,
    *,
    own: bool = True,
    made_up: bool = False,
) -> list[TrendPoint]:
    """A point for the suite, and one for each symbol where there are few, at the data's last date.

    The suite's has the failing share of each expectation, and of each symbol where there are many.
    None for a run without a verdict or without a dated bar. Symbols' lines are of the dataset's
    ``own`` suite alone: another one finds other things.
    """
    if report is None or report.last_date is None:
        return []
    at, symbols = date.fromisoformat(report.last_date[:10]), report.symbols
    suite = {
        "rows": report.rows,
        "failing_share": share(failing_rows, report.rows),
        "symbols_held": sum(symbol.verdict == "held" for symbol in symbols.values()),
        **{f"failures_{s}": n for s, n in report.failures_by_severity.items()},
    }
    few = len(symbols) <= MOST_SYMBOLS
    parts = expectation_shares(report)
    if not few:
        parts |= {
            f"symbol_failing_share/{name}": symbol_share(one) for name, one in symbols.items()
        }
    points = [TrendPoint("suite", report.suite, at, suite, parts, made_up)]
    if own and few:
        for name, symbol in symbols.items():
            found = {"rows": symbol.rows, "failing_share": symbol_share(symbol)}
            points.append(TrendPoint("symbol", name, at, found, made_up=made_up))
    return points
