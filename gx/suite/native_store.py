"""The stores of suites and of results that Great Expectations' own API uses in this project.

`great_expectations.yml` names it, so whoever opens the project has our expectations, and those in
gx/plugins/custom/, registered. Great Expectations drops an entry whose type it does not know from a
suite that it reads, and the next save from the file.
"""

from typing import Any

import numpy as np
from great_expectations.data_context.store import expectations_store, validation_results_store

import gx.plugins.expectations  # noqa: F401  registers the market expectations
from gx.errors import SuiteError
from gx.nearest import nearest
from gx.suite.checkpoint_files import suite_id
from gx.suite.custom.load import why_missing
from gx.suite.entries.read import known_types


# Great Expectations replaces a store whose class has another name by one in memory.
class ExpectationsStore(expectations_store.ExpectationsStore):
    """Reads a suite with all of its entries, or not at all."""

    def get(self, key: Any) -> dict[str, Any]:
        """The suite of this key; raises SuiteError for one with an entry of an unknown type."""
        return _whole(super().get(key))

    def get_all(self) -> list[dict[str, Any]]:
        """Every suite; raises SuiteError as `get` does."""
        return [_whole(suite) for suite in super().get_all()]


class ValidationResultsStore(validation_results_store.ValidationResultsStore):
    """Writes what a metric found as a value of numpy (quantiles do) as well."""

    def serialize(self, value: Any) -> str:
        """The result as JSON."""
        text: str = self._expectationSuiteValidationResultSchema.dumps(
            value.to_json_dict(), indent=2, sort_keys=True, default=_plain
        )
        return text


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a result holds {type(value).__name__}, which JSON cannot")


def _whole(suite: dict[str, Any]) -> dict[str, object]:
    """The suite, with an id that follows from its name if it was written without one."""
    known = known_types()
    for number, entry in enumerate(suite["expectations"], 1):
        type_ = entry["type"] if isinstance(entry, dict) else entry.type
        if type_ not in known:
            hint = why_missing(type_) or nearest(type_, known)
            raise SuiteError(
                f"{suite['name']}.json, entry {number}: unknown expectation {type_!r}{hint}; Great "
                "Expectations would lose it with the next save"
            )
    # A checkpoint runs no suite without one.
    return {**suite, "id": suite_id(suite["name"], suite)}
