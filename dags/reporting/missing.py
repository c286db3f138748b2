"""The symbols that a run asked for and got no bar of."""

from collections.abc import Mapping
from typing import Any

from dags.staging.records import Extracted, Records


def missing_symbols(steps: Records, report: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Those of which a bar was due; before the gate has judged, all that have none."""
    if report is None:
        extracted = steps.found(Extracted)
        return extracted.missing_symbols if extracted else ()
    return tuple(s for s, found in report["symbols"].items() if found["verdict"] == "missing")
