"""Ties a test to the scenario of the specification that it executes."""

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


def scenario(requirement: str, name: str) -> Callable[[Test], Test]:
    """Mark a test as the scenario ``name`` of ``requirement``."""

    def mark(test: Test) -> Test:
        test.scenario = (requirement, name)  # type: ignore[attr-defined]
        return test

    return mark
