"""Accepted repairs: read in the bar's place, judged, published with a mark, void, revoked."""

from typing import Any

import pytest
from sqlalchemy import Engine

from gx.web.held.kept import HeldBar
from sql.held import held_bars
from sql.quarantine import HELD_WITH_SYMBOL
from sql.repairs import NewRepair, accept, all_repairs, open_repairs, revoke
from sql.terms import NUMBERS
from tests.workflow import Database, Ended, Workflow

BAR = "symbol = 'TSLA' and date = '2025-10-08'"
NUMBERS_OF = f"select {', '.join(f'{one}::float8' for one in NUMBERS)} from {{}} where {BAR}"
COPIED = f"symbol, date, {', '.join(NUMBERS)}, created_at"
HUNDREDFOLD = (
    "update stock_data set open = open * 100, high = high * 100, low = low * 100, "
    f"close = close * 100 where {BAR}"
)


def quarantined(workflow: Workflow, **conf: Any) -> Ended:
    return workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine", **conf)


def test_bars_accepted_together_are_void_together_when_one_of_them_changes(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    of_days = "from {} where symbol = 'TSLA' and date >= '2025-10-06' order by date"
    bars = f"select date::date, {', '.join(f'{one}::float8' for one in NUMBERS)} {of_days}"
    right = database.rows(bars.format("stock_data"))
    database.execute(HUNDREDFOLD.replace(BAR, "symbol = 'TSLA' and date >= '2025-10-06'"))
    wrong = database.rows(bars.format("stock_data"))
    lot = [
        NewRepair("TSLA", old[0], "unit", "100 times the level", old[1:], new[1:])
        for old, new in zip(wrong, right, strict=True)
    ]
    with engine.begin() as connection:
        accept(connection, lot, run_id="r1", by="ann", reason="checked")
    database.execute(f"update stock_data set volume = volume + 1 where {BAR}")

    # The range has the changed bar, but neither the first of the block nor the last.
    ended = quarantined(workflow, start_date="2025-10-07", end_date="2025-10-10")
    said = ended.step("extract")
    assert (said["repaired"], said["void"]) == (0, len(lot))
    assert said["void_example"] == "TSLA of 2025-10-08 (unit), accepted by ann"
    assert database.rows("select repaired from stock_data_enriched where repaired <> ''") == []
    assert (open_repairs(engine), {one.void_run for one in all_repairs(engine)}) == (
        [],
        {ended.run_id},
    )
    (use,) = ended.json("report.json")["repairs"]["void"]
    assert (use["count"], use["change"]) == (len(lot), "the bar of 2025-10-08 changed")
    told = f"{len(lot)} accepted repairs void (right or wrong together), the source has another bar"
    assert f"{told}: TSLA of 2025-10-08 (unit)" in ended.json("summary.json")["verdict"]
    assert "<b>the bar of 2025-10-08 changed</b>" in (ended.staging / "report.html").read_text()


def block_accepted(
    engine: Engine, database: Database, days: str, *, factor: float = 0.5, rule: str = "unit"
) -> list[NewRepair]:
    """The bars of TSLA on these days, as one lot: each price is to be multiplied."""
    bars = f"select date::date, {', '.join(f'{one}::float8' for one in NUMBERS)} from stock_data"
    lot = [
        NewRepair(
            "TSLA", day, rule, "a block", (*prices, volume), (*(p * factor for p in prices), volume)
        )
        for day, *prices, volume in database.rows(
            f"{bars} where symbol = 'TSLA' and date between {days} order by date"
        )
    ]
    with engine.begin() as connection:
        accept(connection, lot, run_id="r1", by="ann", reason="checked")
    return lot


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_block_ends_when_any_of_its_bars_changed_wherever_that_lies(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    sample: None,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
):
    # Ten bars before the range are read in any case: more than those of the block's first half.
    monkeypatch.setenv("CONTEXT_DAYS", "1")
    lot = block_accepted(engine, database, "'2025-10-05' and '2025-10-31'")
    changed, days = {
        "before": ("2025-10-05", ("2025-10-30", "2025-10-31")),
        "after": ("2025-10-31", ("2025-10-05", "2025-10-06")),
    }[place]
    database.execute(
        f"update stock_data set volume = volume + 1 where symbol = 'TSLA' and date = '{changed}'"
    )
    ended = quarantined(workflow, start_date=days[0], end_date=days[1])
    said = ended.step("extract")
    assert (said["repaired"], said["void"]) == (0, len(lot))
    assert said["void_example"] == f"TSLA of {changed} (unit), accepted by ann"
    assert open_repairs(engine) == []
    assert database.rows("select repaired from stock_data_enriched where repaired <> ''") == []


# Of the published bars, those whose return is not that of the published closes.
FALSE_RETURNS = """
    select symbol, date from (
        select symbol, date, daily_return,
            close / lag(close) over (partition by symbol order by date) - 1 as right_one
        from stock_data_enriched
    ) as bar where abs(daily_return - right_one) > 1e-12
"""
SEAMS = """
    select date::text from (
        select date, close, repaired, lag(repaired) over (order by date) as before
        from stock_data_enriched where symbol = 'TSLA'
    ) as bar where repaired is distinct from before
"""
TO_RUN = "run 2025-10-05 to 2025-10-17, in one run"


@pytest.mark.parametrize("partitions", ["500", "1"])
def test_a_part_of_a_block_is_held_where_the_rest_is_published_without(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    sample: None,
    monkeypatch: pytest.MonkeyPatch,
    partitions: str,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", partitions)
    quarantined(workflow)
    lot = block_accepted(engine, database, "'2025-10-05' and '2025-10-17'", factor=0.98)

    begins_within = quarantined(workflow, start_date="2025-10-13", end_date="2025-11-04")
    told = f"TSLA: {len(lot)} bars published before lack repairs accepted since: {TO_RUN}."
    said = begins_within.json("summary.json")["verdict"]
    assert "1 held: TSLA" in said
    assert told in said
    assert begins_within.step("publish")["held"] == 17
    reasons = database.rows("select distinct reasons from stock_data_quarantine")
    assert all(told.rstrip(".") in why for (why,) in reasons)
    assert database.rows("select 1 from stock_data_enriched where repaired <> ''") == []
    if partitions == "1":
        return

    ends_within = quarantined(workflow, start_date="2025-10-05", end_date="2025-10-10")
    assert told in ends_within.json("summary.json")["verdict"]
    # The day behind the block is judged with it repaired, and it is published without.
    behind = workflow.run(symbols=["TSLA"], start_date="2025-10-20", end_date="2025-10-21")
    assert behind.state == "failed"
    assert told in behind.json("summary.json")["verdict"]
    far = quarantined(workflow, start_date="2025-10-27", end_date="2025-11-04")
    assert (far.step("publish")["held"], told in far.json("summary.json")["verdict"]) == (0, True)

    whole = quarantined(workflow, start_date="2025-10-05", end_date="2025-10-17")
    assert (whole.state, whole.step("publish")["held"]) == ("success", 0)
    assert "published before" not in whole.json("summary.json")["verdict"]
    assert database.rows(SEAMS) == [("2025-10-05",), ("2025-10-20",)]
    assert database.rows(FALSE_RETURNS) == []


def test_after_a_revocation_no_part_of_the_block_is_published_beside_the_rest(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    lot = block_accepted(engine, database, "'2025-10-05' and '2025-10-17'", factor=0.98)
    quarantined(workflow)
    with engine.begin() as connection:
        revoke(connection, [one.id for one in open_repairs(engine)], by="bob", reason="no error")
    part = quarantined(workflow, start_date="2025-10-13", end_date="2025-11-04")
    told = f"TSLA: {len(lot)} bars published before have repairs that ended since: {TO_RUN}."
    assert told in part.json("summary.json")["verdict"]
    assert database.rows(SEAMS) == [("2025-10-05",), ("2025-10-20",)]
    assert quarantined(workflow).step("publish")["held"] == 0
    assert database.rows(SEAMS) == []


def test_a_repair_that_ended_because_the_source_was_mended_holds_nobody(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    accepted(engine, database, right)
    quarantined(workflow)
    values = ", ".join(f"{name} = {value}" for name, value in zip(NUMBERS, right, strict=True))
    database.execute(f"update stock_data set {values} where {BAR}")
    ended = quarantined(workflow, start_date="2025-10-09", end_date="2025-10-10")
    assert (ended.step("extract")["void"], ended.step("publish")["held"]) == (1, 0)


def accepted(
    engine: Engine, database: Database, new: tuple[Any, ...] | None, run_id: str = "r1"
) -> None:
    (old,) = set(database.rows(NUMBERS_OF.format("stock_data")))
    day = database.one(f"select distinct date from stock_data where {BAR}")
    rule = "duplicate" if new is None else "unit"
    with engine.begin() as connection:
        one = NewRepair("TSLA", day, rule, "100 times the level", old, new)
        accept(connection, [one], run_id=run_id, by="ann", reason="checked")


def test_an_accepted_repair_is_published_until_the_source_changes(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    held = quarantined(workflow)
    assert database.rows("select distinct symbol from stock_data_enriched") == [("NVDA",)]
    (wrong,) = database.rows(NUMBERS_OF.format("stock_data"))
    accepted(engine, database, right, held.run_id)

    repaired = quarantined(workflow)
    assert repaired.state == "success"
    assert database.rows(NUMBERS_OF.format("stock_data_enriched")) == [right]
    assert database.rows(NUMBERS_OF.format("stock_data")) == [wrong]
    marked = "select symbol, date::text, repaired from stock_data_enriched where repaired <> ''"
    assert database.rows(marked) == [("TSLA", "2025-10-08", "unit")]
    said = repaired.step("extract")
    assert (said["repaired"], said["dropped"], said["void"], said["rows"]) == (1, 0, 0, 46)
    assert said["repaired_example"] == "TSLA of 2025-10-08 (unit), accepted by ann"
    assert said["digest"] != held.step("extract")["digest"]
    (one,) = repaired.json("repaired.json")["applied"]
    assert (one["old"], one["new"], one["rule"]) == (list(wrong), list(right), "unit")
    before = "select count(*) from stock_data where (symbol, date) < ('TSLA', '2025-10-08')"
    assert (one["accepted_by"], one["reason"]) == ("ann", "checked")
    assert one["row"] == database.one(before)
    told = repaired.json("report.json")["repairs"]
    (use,) = told["applied"]
    assert (use["symbol"], use["rule"], use["ids"]) == ("TSLA", "unit", [1])
    assert (use["accepted_by"], use["count"]) == ("ann", 1)
    bar = {"date": "2025-10-08", "old": list(wrong), "new": list(right)}
    assert (use["bars"], told["void"], told["proposed"]) == ([bar], [], [])
    page = (repaired.staging / "report.html").read_text()
    assert '<section id="repaired"' in page and "ann: checked" in page
    (use,) = held.json("report.json")["repairs"]["proposed"]
    assert (use["rule"], use["accepted_by"], use["ids"]) == ("unit", None, [])
    assert '<section id="proposed"' in (held.staging / "report.html").read_text()
    assert "repaired.json" in said["seals"]

    database.execute(f"update stock_data set volume = volume + 1 where {BAR}")
    void = quarantined(workflow)
    assert (void.step("extract")["repaired"], void.step("extract")["void"]) == (0, 1)
    assert void.step("extract")["void_example"] == said["repaired_example"]
    assert [one["id"] for one in void.json("repaired.json")["void"]] == [1]
    (use,) = void.json("report.json")["repairs"]["void"]
    assert use["ids"] == [1]
    assert open_repairs(engine) == []
    (ended,) = all_repairs(engine)
    assert ended.void_run == void.run_id
    # It is held now; what was published before stays.
    assert database.rows(marked) == [("TSLA", "2025-10-08", "unit")]
    assert void.step("publish")["held"] == 23


def test_a_revoked_repair_is_applied_no_more(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    accepted(engine, database, (*right[:4], right[4] + 1))
    assert quarantined(workflow).step("extract")["repaired"] == 1
    with engine.begin() as connection:
        revoke(connection, [one.id for one in open_repairs(engine)], by="bob", reason="no error")
    ended = quarantined(workflow)
    assert "repaired" not in ended.step("extract")
    assert database.rows(NUMBERS_OF.format("stock_data_enriched")) == [right]
    assert database.rows("select repaired from stock_data_enriched where repaired <> ''") == []


def test_a_bar_that_is_held_although_repaired_says_whose_numbers_it_has(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    negative = (right[0], right[1], -1.0, *right[3:])
    accepted(engine, database, negative)
    ended = quarantined(workflow)
    assert database.rows(NUMBERS_OF.format("stock_data_quarantine")) == [negative]
    reasons = database.one(f"select reasons from stock_data_quarantine where {BAR}")
    assert reasons[-1] == "these numbers are accepted, not the source's: unit"
    assert ended.step("publish")["held"] == 23
    # The source's are not lost.
    with engine.connect() as connection:
        told = [one.carried for one in held_bars(connection, "TSLA") if one.carried]
    assert told == [{"repair_id": 1, "source_bar": list(right)}]


def test_a_repaired_bar_that_is_held_with_its_symbol_did_not_fail(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    accepted(engine, database, (*right[:4], right[4] + 1))
    database.execute("update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-20'")
    quarantined(workflow)
    with engine.connect() as connection:
        bars = held_bars(connection, "TSLA", along=HELD_WITH_SYMBOL)
    failed = {str(one.date): HeldBar(**vars(one)).failed for one in bars}
    assert failed["2025-10-20"] and not failed["2025-10-08"]
    # Those that failed come first.
    assert list(failed.values()) == sorted(failed.values(), reverse=True)
    (repaired,) = [one for one in bars if str(one.date) == "2025-10-08"]
    assert repaired.reasons[1:] == ("these numbers are accepted, not the source's: unit",)


def test_a_copy_is_left_out_and_no_bar_is_lost(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    database.execute(
        "alter table stock_data drop constraint stock_data_symbol_date_key",
        f"insert into stock_data ({COPIED}) select {COPIED} from stock_data where {BAR}",
    )
    accepted(engine, database, None)
    ended = quarantined(workflow)
    said = ended.step("extract")
    assert (said["rows"], said["dropped"], said["repaired"]) == (46, 1, 0)
    assert (ended.state, ended.step("publish")["rows"]) == ("success", 46)


def test_repairs_apply_to_the_bars_before_the_range(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    accepted(engine, database, right)
    ended = quarantined(workflow, start_date="2025-10-09", end_date="2025-10-10")
    assert (ended.state, ended.step("publish")["held"]) == ("success", 0)
    assert "void" not in ended.step("extract")
    assert len(open_repairs(engine)) == 1


def test_a_run_goes_on_without_the_table(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dags.steps.make_ready", lambda *_, **__: [])
    database.execute("drop table stock_data_repairs")
    assert quarantined(workflow).state == "success"


def test_a_partitioned_run_applies_them_too(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    sample: None,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    accepted(engine, database, right)
    ended = quarantined(workflow)
    said = ended.step("extract")
    assert (ended.state, said["repaired"], said["rows"]) == ("success", 1, 46)
    assert database.rows("select repaired from stock_data_enriched where repaired <> ''") == [
        ("unit",)
    ]
