"""Expectations of somebody's own: found, told when they are broken, and judged in parts."""

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from great_expectations.expectations import registry

from gx import project
from gx.editing.catalogue import catalogue
from gx.editing.trials import catalogue_document, check_document
from gx.errors import SuiteError
from gx.gate.checkpoint import run_in_memory
from gx.suite.custom.load import load_custom
from gx.suite.entries.read import known_types
from gx.suite.read import Suite, parse_suite
from tests.market_parts import in_parts

TEMPLATE = (project.CUSTOM / "_template.py").read_text()
TICK, RANGE = "expect_column_values_to_be_on_tick", "expect_range_to_be_within"
SYMBOLS = "expect_symbol_count_to_be_at_least"
PLAIN = {"type": "expect_column_to_exist", "kwargs": {"column": "close"}, "severity": "info"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Iterator[Path]:
    """A folder of expectations in place of the project's."""
    monkeypatch.setattr(project, "CUSTOM", tmp_path)
    yield tmp_path
    monkeypatch.undo()
    load_custom()


@pytest.fixture
def template(folder) -> Path:
    (folder / "ticks.py").write_text(TEMPLATE)
    return folder


@pytest.fixture
def bars() -> pd.DataFrame:
    frame = pd.read_csv("sql/sample/stock_data.csv", parse_dates=["date"])
    frame.loc[[3, 30], "close"] += 0.005
    return frame.astype({"volume": float})


def own(type_: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": type_, "kwargs": kwargs, "severity": "critical"}


def read(*entries: dict[str, Any]) -> Suite:
    document = {"name": "s", "id": str(uuid.uuid4()), "expectations": list(entries)}
    return parse_suite(json.dumps(document).encode(), where="s", name="s")


def refusal(*entries: dict[str, Any]) -> str:
    with pytest.raises(SuiteError) as caught:
        read(*entries)
    return str(caught.value)


def one_of(name: str, body: str = "map_metric = 'column_values.nonnull'") -> str:
    base = "from great_expectations.expectations.expectation import ColumnMapExpectation as Base\n"
    return f"{base}class {name}(Base):\n    '''Expect it.'''\n    {body}\n"


def test_the_projects_own_folder_holds_nothing_that_is_broken():
    assert load_custom() == ()
    assert not [type_ for type_ in known_types() if type_ in (TICK, RANGE, SYMBOLS)]


def test_the_three_of_the_template_judge_bars(template, bars):
    suite = read(own(TICK, column="close"), own(RANGE, share=0.04), own(SYMBOLS, least=3))

    found = run_in_memory(bars, suite)

    assert [(o.status, o.unexpected_count) for o in found.outcomes][0::2] == [
        ("failed", 2),
        ("failed", 0),
    ]
    wide = bars["high"] > bars["low"] * 1.04
    assert found.outcomes[0].rows.tolist() == [3, 30]
    assert found.outcomes[1].rows.tolist() == wide[wide].index.tolist() != []
    assert found.outcomes[2].observed == "found 2"


def test_parts_say_the_same_as_the_whole(template, bars):
    suite = read(
        own(TICK, column="close"),
        own(TICK, column="close", tick=0.1, mostly=0.3),
        own(RANGE, share=0.04),
        own(SYMBOLS, least=2),
        own(SYMBOLS, least=3),
    )
    bars = bars.sort_values(["symbol", "date"], ignore_index=True)
    whole = run_in_memory(bars, suite, as_of="2025-06-30")
    parted = in_parts(bars, bars.iloc[:0], suite, 2)
    assert [o.status for o in whole.outcomes][3:] == ["passed", "failed"]
    assert parted.to_dict() == whole.to_dict()


RICHEST = '''
import numpy as np
from great_expectations.compatibility import pydantic

from gx.plugins.expectations.kernels.bars import Judgement, MarketJudgement
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said


def above(bars, highest):
    return np.flatnonzero(bars.table.frame[bars.close] > highest * 0.99)


def judge(bars):
    flags = np.zeros(len(bars.table), dtype=bool)
    flags[above(bars, bars.table.floats(bars.close).max())] = True
    return Judgement(flags)


class ExpectNoneToBeTheRichest(MarketWideExpectation):
    """Expect no close near the highest of the market."""

    column_list: list[str] = pydantic.Field(["symbol", "date", "close"])
    needs_columns = ("symbol", "date", "close")
    detector = judge
    sentence = "None may be the richest."

    def of_part(self, bars, *, judged):
        return Said({"highest": float(bars.table.floats(bars.close).max())})

    def of_market(self, parts):
        highest = max(part.document["highest"] for part in parts)
        return MarketJudgement([above(part.bars(), highest) for part in parts])
'''


def test_one_that_looks_across_symbols_is_judged_in_parts_by_its_two_halves(folder, bars):
    (folder / "richest.py").write_text(RICHEST)
    suite = read(own("expect_none_to_be_the_richest"))
    bars = bars.sort_values(["symbol", "date"], ignore_index=True)
    whole = run_in_memory(bars, suite, as_of="2025-06-30")
    parted = in_parts(bars, bars.iloc[:0], suite, 2)
    assert [len(o.symbols) for o in whole.failed] == [1]
    assert parted.to_dict() == whole.to_dict()


def test_the_catalogue_has_their_arguments(template):
    entries = {entry.type: entry for entry in catalogue()}
    assert [field.name for field in entries[TICK].fields] == [
        *("column", "tick"),
        *("mostly", "row_condition", "condition_parser"),
    ]
    assert {entries[type_].topic for type_ in (TICK, RANGE, SYMBOLS)} == {"Your own"}
    assert entries[RANGE].summary.startswith("Expect the first column")
    checked = check_document(
        {"name": "s", "id": str(uuid.uuid4()), "expectations": [own(TICK, column="close")]}, "s"
    )
    assert (checked["faults"], checked["sentences"]) == (
        [],
        ["Expect column values to be on tick (close)".removeprefix("Expect ").capitalize()],
    )


def test_a_file_that_comes_changes_or_goes_is_noticed(folder):
    assert "unknown expectation" in refusal(own(TICK, column="close"))
    (folder / "ticks.py").write_text(TEMPLATE)
    assert read(own(TICK, column="close", tick=0.5))
    (folder / "ticks.py").write_text(TEMPLATE.replace("tick: float", "step: float"))
    assert "kwarg 'tick' is unknown" in refusal(own(TICK, column="close", tick=0.5))
    (folder / "ticks.py").unlink()
    assert "unknown expectation" in refusal(own(TICK, column="close"))
    assert TICK not in {entry.type for entry in catalogue()}


BROKEN = [
    pytest.param("import nothing_of_that_name\n" + TEMPLATE, "line 1: cannot be imported: "
                 "ModuleNotFoundError: No module named 'nothing_of_that_name'", id="import"),
    pytest.param(TEMPLATE + "\n1 / 0\n", "cannot be imported: ZeroDivisionError", id="raises"),
    pytest.param("raise SystemExit\n" + TEMPLATE, "SystemExit: no message", id="exits"),
    pytest.param(TEMPLATE + "\nclass (:\n", "cannot be imported: SyntaxError", id="syntax"),
    pytest.param("x = 1\n", "defines no expectation", id="nothing"),
    pytest.param(TEMPLATE.replace("column_values.on_tick", "column_values.between"),
                 "defines the metric 'column_values.between", id="metric"),
    pytest.param(one_of("ExpectColumnToExist"),
                 "defines expect_column_to_exist, which exists already; rename", id="built_in"),
    pytest.param(one_of("ExpectNoUnitErrors"),
                 "defines expect_no_unit_errors, which exists already; rename", id="ours"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_broken_file_is_named_and_leaves_everything_else_as_it_was(folder, caplog, text, said):
    before = dict(registry._registered_expectations), set(registry._registered_metrics)
    (folder / "broken.py").write_text(text)

    with caplog.at_level(logging.WARNING):
        assert read(PLAIN)

    assert said in caplog.text
    assert "gx/plugins/custom/broken.py" in caplog.text
    faults: Any = catalogue_document()["custom_faults"]
    assert said in "".join(faults)
    assert registry._registered_expectations == before[0]
    assert set(registry._registered_metrics) == before[1]
    if TEMPLATE in text:
        assert f"gx/plugins/custom/broken.py, line {_line(text)}: " in refusal(own(TICK))
        assert "did you mean" not in refusal(own(TICK))


def _line(text: str) -> int:
    wrong = ("import nothing", "1 / 0", "raise SystemExit", "class (:")
    lines = enumerate(text.splitlines(), 1)
    return next(number for number, line in lines if line.startswith(wrong))


def test_an_expectation_that_two_files_define_is_neithers(folder):
    (folder / "a.py").write_text(one_of("ExpectThis") + one_of("ExpectThat"))
    (folder / "b.py").write_text(one_of("ExpectThis"))
    (folder / "c.py").write_text(one_of("ExpectThis"))
    said = refusal(own("expect_this", column="close"))
    for file in ("b.py", "c.py"):
        assert f"custom/{file}: defines expect_this, which a.py does already, so that" in said
    assert read(own("expect_that", column="close"))
    (folder / "b.py").unlink()
    (folder / "c.py").unlink()
    assert read(own("expect_this", column="close"))


def test_files_that_clash_are_told_in_a_line_each(folder, caplog):
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text(TEMPLATE)
    with caplog.at_level(logging.WARNING):
        faults = load_custom()
    assert [record.getMessage() for record in caplog.records] == [str(one) for one in faults]
    assert len(faults) == 2 and not any("\n" in str(one) for one in faults)


def test_one_whose_metric_no_frame_can_give_is_refused(folder):
    metrics = {"column_values.match_like_pattern": "asks a database", "no.metric": "it cannot run"}
    for number, (metric, said) in enumerate(metrics.items()):
        text = one_of(f"ExpectMetric{number}", f"map_metric = '{metric}'")
        (folder / f"a{number}.py").write_text(text)
        assert said in refusal(own(f"expect_metric{number}", column="close"))


def test_one_that_needs_other_columns_than_bars_have_is_accepted(folder, bars):
    text = TEMPLATE.replace('bars["symbol"]', 'bars["sector"]').replace(
        '("symbol",)', '("sector",)'
    )
    (folder / "sectors.py").write_text(text)
    suite = read(own(SYMBOLS, least=1))
    assert [o.status for o in run_in_memory(bars, suite).outcomes] == ["error"]
    found = run_in_memory(bars.assign(sector="tech"), suite)
    assert [o.status for o in found.outcomes] == ["passed"]


@pytest.mark.parametrize("severity", ["critical", "info"])
def test_one_that_raises_is_named_with_the_exception_its_file_and_line(folder, bars, severity):
    text = TEMPLATE.replace("        ticks = column / tick\n", "        raise ValueError('boom')\n")
    text = text.replace('metrics["table.symbol_count"]', 'metrics["symbols"]')
    (folder / "ticks.py").write_text(text)
    lines = [line.strip() for line in text.splitlines()]
    where = "gx/plugins/custom/ticks.py, line"
    first = lines.index("raise ValueError('boom')") + 1
    second = lines.index('found = metrics["symbols"]') + 1
    boom = f"ValueError: boom ({where} {first})"
    lost = f"KeyError: 'symbols' ({where} {second})"

    suite = read(
        own(TICK, column="close") | {"severity": severity},
        own(SYMBOLS, least=1) | {"severity": severity},
    )

    told = [one for one in suite.weaknesses if one.startswith("entry")]
    assert [one.partition("it raised: ")[2] for one in told] == [boom, lost]
    assert [o.exception for o in run_in_memory(bars, suite).outcomes] == [boom, lost]
