"""The symbols that a run asked for and got no bar of."""

from dags.staging.records import Extracted, Records
from gx.report.document import ReportDocument


def missing_symbols(steps: Records, report: ReportDocument | None) -> tuple[str, ...]:
    """Those of which a bar was due; before the gate has judged, all that have none."""
    if report is None:
        extracted = steps.found(Extracted)
        return extracted.missing_symbols if extracted else ()
    return report.symbols_with("missing")
