"""What Data Docs must know of bars that are only context: they are counted, and not judged.

A run over a narrow range hands Great Expectations the bars before it too, behind those that are
judged. Great Expectations knows nothing of that, so the stored result says how many rows count.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from great_expectations.data_context.store import TupleFilesystemStoreBackend

META = "judged_rows"
_JUDGED: ContextVar[int | None] = ContextVar("judged_rows", default=None)


@contextmanager
def judging(rows: int) -> Iterator[None]:
    """Results that are stored within say that only the first ``rows`` are judged."""
    token = _JUDGED.set(rows)
    try:
        yield
    finally:
        _JUDGED.reset(token)


class JudgedResultsBackend(TupleFilesystemStoreBackend):
    """Files of results that also say how many rows of their batch are judged.

    Great Expectations lets nobody choose another class for the store itself.
    """

    def _set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        rows = _JUDGED.get()
        if rows is not None:
            document = json.loads(value)
            document["meta"][META] = rows
            value = json.dumps(document, indent=2, sort_keys=True)
        return super()._set(key, value, *args, **kwargs)  # type: ignore[no-untyped-call]


def fails_in_context_only(check: Mapping[str, Any], judged: int | None) -> bool:
    """Did a check (in JSON form) fail, and not on any judged row?

    Great Expectations names the first 20 failing rows, and the judged ones are the first.
    """
    rows = (check.get("result") or {}).get("partial_unexpected_index_list")
    if check["success"] or judged is None or not rows:
        return False
    return all(isinstance(row, int) and row >= judged for row in rows)


def as_judged(result: Any) -> None:
    """Let the checks that fail in context only count as passed, in place.

    ``result`` is an ExpectationSuiteValidationResult that nobody else needs as it was.
    """
    judged = result.meta.get(META)
    excused = [
        check
        for check in result.results
        if fails_in_context_only({"success": check.success, "result": check.result}, judged)
    ]
    for check in excused:
        check.success = True
        check.result |= {"unexpected_count": 0, "unexpected_percent": 0.0}
        check.result |= {"partial_unexpected_list": [], "partial_unexpected_counts": []}
    if excused:
        passed, total = sum(bool(check.success) for check in result.results), len(result.results)
        result.success = passed == total
        result.statistics |= {
            "successful_expectations": passed,
            "unsuccessful_expectations": total - passed,
            "success_percent": 100 * passed / total,
        }
