"""The symbols that a run asked for and got no bar of."""

from collections.abc import Mapping
from typing import Any


def missing_symbols(
    steps: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """Those of which a bar was due; before the gate has judged, all that have none."""
    if report is None:
        return tuple(steps.get("extract", {}).get("missing_symbols", ()))
    return tuple(s for s, found in report["symbols"].items() if found["verdict"] == "missing")
