"""The specification and its tests name the same scenarios."""

import importlib
import re
from pathlib import Path

HERE = Path(__file__).parent
SPECIFICATION = HERE / "openspec/specs/data-pipeline/spec.md"


def test_every_scenario_has_one_test_and_every_test_a_scenario():
    assert sorted(_tested()) == sorted(_written())


def test_every_requirement_binds_and_every_scenario_says_when_and_then():
    text = SPECIFICATION.read_text()
    requirements = text.split("\n### Requirement: ")[1:]
    assert len(requirements) == 7
    for requirement in requirements:
        statement, *scenarios = requirement.split("\n#### Scenario: ")
        assert " SHALL " in statement
        for scenario in scenarios:
            assert "- **WHEN** " in scenario and "- **THEN** " in scenario


def _written() -> list[tuple[str, str]]:
    found, requirement = [], ""
    for line in SPECIFICATION.read_text().splitlines():
        if heading := re.fullmatch(r"### Requirement: (.+)", line):
            requirement = heading[1]
        elif heading := re.fullmatch(r"#### Scenario: (.+)", line):
            found.append((requirement, heading[1]))
    return found


def _tested() -> list[tuple[str, str]]:
    modules = [importlib.import_module(f"tests.spec.{p.stem}") for p in HERE.glob("test_*.py")]
    tests = [value for module in modules for value in vars(module).values()]
    return [test.scenario for test in tests if hasattr(test, "scenario")]
