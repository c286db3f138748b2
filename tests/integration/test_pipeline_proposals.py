"""A unit error from the verdict to the published bar: proposed, accepted by a command, revoked."""

import json
import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dags.local.cli import main
from sql.terms import NUMBERS
from tests.unit.expectations.series import walk
from tests.workflow import Database, Workflow

BAR = "symbol = 'TSLA' and date = '2025-10-08'"
NUMBERS_OF = f"select {', '.join(f'{one}::float8' for one in NUMBERS)} from {{}} where {BAR}"
HUNDREDFOLD = (
    "update stock_data set open = open * 100, high = high * 100, low = low * 100, "
    f"close = close * 100 where {BAR}"
)
PRICES = ["open", "high", "low", "close"]
Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command of `gate` where the workflow runs."""

    @contextmanager
    def there(var: Path) -> Any:
        yield SimpleNamespace(environment=os.environ)

    monkeypatch.setattr("dags.local.repairs.services", there)

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(arguments))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_a_unit_error_is_proposed_accepted_published_and_revoked(
    workflow: Workflow, database: Database, sample: None, typed: Typed
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    held = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert held.step("validate")["proposed"] == 1
    assert "repairs.json" in held.step("validate")["seals"]
    status, said = typed("repair", "list", "--run", held.run_id, "--json")
    (one,) = json.loads(said)
    assert (status, one["symbol"], one["rule"]) == (0, "TSLA", "unit")
    assert one["new"] == pytest.approx(right)
    assert "100 times" in typed("repair", "list", "--run", held.run_id)[1]
    assert "100 times" in typed("repair", "list", "--run", held.staging.name)[1]
    assert "1 bar could be repaired." in held.json("summary.json")["verdict"]

    other = ("repair", "accept", held.run_id, "--reason", "checked")
    status, said = typed(*other, "--symbol", "NVDA")
    assert (status, "proposed nothing of these" in said) == (2, True)
    status, said = typed(*other, "--symbol", "TSLA", "--rule", "unit")
    assert (status, said.splitlines()[0].split(";")[0]) == (0, "1 repair accepted")
    assert "gate run --symbols TSLA --start 2025-10-08 --end 2025-10-08" in said
    status, said = typed(*other)
    assert (status, "has an accepted repair already" in said) == (2, True)
    repaired = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert (repaired.state, repaired.step("validate")["proposed"]) == ("success", 0)
    (published,) = database.rows(NUMBERS_OF.format("stock_data_enriched"))
    assert published == pytest.approx(right)
    assert database.one(f"select repaired from stock_data_enriched where {BAR}") == "unit"
    verdict = repaired.json("summary.json")["verdict"]
    assert "1 bar repaired: TSLA of 2025-10-08 (unit), accepted by" in verdict

    listed = json.loads(typed("repair", "list", "--json")[1])
    assert [(one["run_id"], one["reason"]) for one in listed] == [(held.run_id, "checked")]
    number = str(listed[0]["id"])
    assert typed("repair", "revoke", number, "--reason", "no error")[0] == 0
    assert "revoked" in typed("repair", "list")[1]
    assert typed("repair", "revoke", number, "--reason", "no error")[0] == 2
    again = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert again.step("publish")["held"] == 23


def test_partitions_propose_too(
    workflow: Workflow,
    database: Database,
    sample: None,
    typed: Typed,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    held = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    (one,) = json.loads(typed("repair", "list", "--run", held.run_id, "--json")[1])
    before = "select count(*) from stock_data where (symbol, date) < ('TSLA', '2025-10-08')"
    assert (one["date"], one["row"]) == ("2025-10-08T00:00:00", database.one(before))
    assert one["new"] == pytest.approx(right)


def test_an_unknown_run_is_told(typed: Typed):
    status, said = typed("repair", "list", "--run", "nothing")
    assert (status, "nothing is kept of a run 'nothing'" in said) == (2, True)


def test_a_split_that_is_a_warning_is_proposed_as_well(workflow: Workflow, database: Database):
    right = walk("SPLT", 200)
    right[PRICES] = right[PRICES].round(2)
    bars = right.copy()
    bars.loc[:99, PRICES] *= 2
    database.insert(bars)

    ended = workflow.run(symbols=["SPLT"], start_date="2024-01-01", policy="quarantine")

    assert (ended.state, ended.step("validate")["proposed"]) == ("success", 100)
    (use,) = ended.json("results.json")["repairs"]["proposed"]
    assert (use["rule"], use["count"]) == ("unadjusted split", 100)
    new = [bar["new"][:4] for bar in use["bars"]]
    assert new == [pytest.approx(list(one)) for one in right.loc[:99, PRICES].to_numpy()]
