"""Proposed repairs on the pages, over a real database: accepted, refused to the second, revoked."""

import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import PROPOSED, REPORT
from dags.staging.seals import seal_of
from gx.repair.proposal import NUMBERS, Proposal, Rule
from gx.report.deeds import RepairedBar, RepairsUse, RepairUse
from gx.web.app import create_app
from gx.web.guard import User
from sql.audit import audit_entries
from sql.connection import ConnectionSettings
from sql.repairs import NewRepair, Repair, accept_automatically, all_repairs, mark_void
from tests.databases import named_in
from tests.sql_bars import BAD, quarantine
from tests.staged_runs import daily_bars, judged, outcome, stage_run

HTML = {"accept": "text/html"}
USERS = {
    "ann": User("ann", may_write=True, decides=True),
    "bob": User("bob", may_write=True, decides=True),
    "uma": User("uma", may_write=True),
}


async def guard(request: Request) -> User | None:
    return USERS[request.headers["x-user"]]


@dataclass
class Place:
    client: TestClient
    engine: Engine
    folder: Path

    def page(self, user: str = "ann") -> str:
        answer = self.client.get("/gate/runs/wrong/repairs", headers={**HTML, "x-user": user})
        assert answer.status_code == 200, answer.text
        return answer.text

    def act(self, act: str, body: dict[str, Any], user: str = "ann") -> Any:
        sent = {"origin": "http://testserver", "x-user": user}
        where = f"/gate/api/runs/wrong/repairs/{act}"
        return self.client.post(where, json={"reason": "a feed's error", **body}, headers=sent)

    def accept(self, *blocks: int, user: str = "ann") -> Any:
        return self.act("accept", {"blocks": blocks}, user)

    def revoke(self, *ids: int, user: str = "ann", reason: str = "it was right") -> Any:
        return self.act("revoke", {"ids": ids, "reason": reason}, user)

    def repairs(self) -> list[Repair]:
        return all_repairs(self.engine)


def offered(page: str) -> list[str]:
    return re.findall(r'name="blocks" value="(\d+)" checked', page)


def revocable(page: str) -> list[str]:
    return re.findall(r'name="ids" value="([\d ]+)"', page)


def proposal(bars: pd.DataFrame, row: int, rule: Rule, block: int, old_factor: int) -> Proposal:
    new = tuple(float(bars[name][row]) for name in NUMBERS)
    old = (*(one * old_factor for one in new[:4]), new[4])
    fixed = None if rule == "duplicate" else new
    day = bars["date"][row].to_pydatetime()
    return Proposal(row, bars["symbol"][row], day, rule, f"evidence {block}", old, fixed, block)


def in_source(engine: Engine, bars: pd.DataFrame, proposed: list[Proposal]) -> None:
    """Have the source as the run read it, with the copy that is to go."""
    wrong = {one.row: one.old for one in proposed}
    rows = [
        {
            "symbol": bars["symbol"][at],
            "date": bars["date"][at].date(),
            **dict(
                zip(NUMBERS, wrong.get(at, [float(bars[one][at]) for one in NUMBERS]), strict=True)
            ),
        }
        for at in [*range(len(bars)), *(one.row for one in proposed if one.new is None)]
    ]
    names = ("symbol", "date", *NUMBERS)
    values = ", ".join(f"%({name})s" for name in names)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "drop table stock_data; create table stock_data (symbol text, date date, "
            "open float8, high float8, low float8, close float8, volume float8)"
        )
        insert = f"insert into stock_data ({', '.join(names)}) values ({values})"
        connection.exec_driver_sql(insert, rows)


@pytest.fixture
def place(tmp_path: Path, engine: Engine, bars_database: ConnectionSettings) -> Iterator[Place]:
    """A run that proposes two bars of AAPL together, one of MSFT, and a copy to go; holds AAPL."""
    bars = daily_bars(["AAPL", "MSFT"], 40)
    (tmp_path / "quality" / "data_docs").mkdir(parents=True)
    folder = stage_run(tmp_path / "staging", "wrong", bars, judged(bars, outcome(bars, [5, 6, 50])))
    proposed = [
        proposal(bars, 5, "unit", 0, 100),
        proposal(bars, 6, "unit", 0, 100),
        proposal(bars, 50, "sign", 1, -1),
        proposal(bars, 51, "duplicate", 2, 1),
    ]
    text = json.dumps([one.to_json() for one in proposed])
    (folder / PROPOSED).write_text(text)
    record = folder / "steps" / "validate.json"
    said = json.loads(record.read_text())
    seals = {**said.get("seals", {}), PROPOSED: seal_of(text.encode())}
    record.write_text(json.dumps({**said, "proposed": 4, "seals": seals}))
    in_source(engine, bars, proposed)
    held = bars.iloc[5:7].assign(created_at=None)
    quarantine(
        engine,
        pa.Table.from_pandas(held, preserve_index=False).select(BAD.column_names).cast(BAD.schema),
        run_id="wrong",
        reasons=[["close is too high"]] * 2,
        row_numbers=[5, 6],
    )
    settings = Settings.of(
        {
            "STAGING_URL": f"file://{tmp_path / 'staging'}",
            "RESULTS_DIR": str(tmp_path / "quality"),
            **named_in(bars_database),
        }
    )
    app = create_app(Desk(settings), guard, login_url="/login")
    with TestClient(app, follow_redirects=False) as client:
        yield Place(client, engine, folder)


def test_what_is_chosen_is_accepted_with_its_block_and_told(place: Place):
    assert offered(place.page()) == ["0", "1", "2"]
    days = [["AAPL", "2024-01-08", "2024-01-09"]]
    told_at_once = {"bars": 2, "dataset": "stock_data", "held": ["AAPL"], "days": days}
    assert place.accept(0).json() == told_at_once
    first, second = place.repairs()
    kept = (first.symbol, first.date, first.rule, first.run_id, first.accepted_by, first.reason)
    assert kept == ("AAPL", dt.date(2024, 1, 8), "unit", "wrong", "ann", "a feed's error")
    assert first.new is not None and first.old[0] == pytest.approx(first.new[0] * 100)
    assert second.date == dt.date(2024, 1, 9)
    told = [(one.action, one.who, one.why, one.run_id) for one in audit_entries(place.engine)]
    assert told == [("repair", "ann", "a feed's error", "wrong")]
    page = place.page()
    assert offered(page) == ["1", "2"]
    assert revocable(page) == [f"{first.id} {second.id}"]
    assert "/gate/quarantine/stock_data?symbol=AAPL#act" in page


def test_each_proposal_has_a_picture_or_is_named_and_what_changes_is_marked(place: Place):
    page = place.page()
    assert page.count("<details open><summary>") == 2
    assert "Without a picture: MSFT of 2024-" in page
    before, after = re.findall(r'data-label="(?:Before|After)">(.*?)<td', page, re.DOTALL)[:2]
    for shown in (before, after):
        names = re.findall(r"<i>(\w+)</i> (<b>)?", shown)
        assert [name for name, _ in names] == list(NUMBERS)
        assert [bool(bold) for _, bold in names] == [True, True, True, True, False]


def test_a_symbols_page_leads_to_what_is_proposed_of_it(place: Place):
    file = place.folder / REPORT
    bar = RepairedBar(date="2024-01-08", old=[100.0] * 5, new=[1.0] * 5)
    use = RepairUse(
        symbol="AAPL",
        rule="unit",
        evidence="so",
        first_date=bar.date,
        last_date=bar.date,
        count=1,
        bars=[bar],
    )
    said = json.loads(file.read_text()) | {"repairs": asdict(RepairsUse(proposed=[use]))}
    file.write_text(json.dumps(said))
    for symbol, leads in (("AAPL", True), ("MSFT", False)):
        sent = {**HTML, "x-user": "uma"}
        page = place.client.get(f"/gate/symbols/?symbol={symbol}", headers=sent).text
        assert ("/gate/runs/wrong/repairs" in page) == leads


def test_who_comes_second_is_told_of_the_first(place: Place):
    assert place.accept(2).status_code == 200
    second = place.accept(1, 2, user="bob")
    assert second.status_code == 409
    assert re.search(r"by ann, \d{4}-.* UTC: a feed's error", second.json()["error"])
    assert len(place.repairs()) == 1  # all or none
    (one,) = place.repairs()
    day = str(one.date)
    assert place.revoke(one.id).json() == {"bars": 1, "days": [[one.symbol, day, day]]}
    again = place.revoke(one.id, user="bob", reason="no copy")
    assert again.status_code == 409
    assert re.search(r"revoked by ann, .* UTC: it was right", again.json()["error"])


def test_what_is_revoked_is_offered_again_beside_what_became_of_it(place: Place):
    place.accept(0)
    days = [["AAPL", "2024-01-08", "2024-01-09"]]
    # One of a block stands for all of it.
    assert place.revoke(place.repairs()[0].id, user="bob").json() == {"bars": 2, "days": days}
    page = place.page()
    assert offered(page) == ["0", "1", "2"]
    assert revocable(page) == []
    assert "revoked</span> it was right<small>bob, " in page
    assert audit_entries(place.engine)[0].action == "revoke repair"
    assert place.accept(0).status_code == 200


def test_a_void_one_is_said_with_its_run(place: Place):
    place.accept(1)
    with place.engine.begin() as connection:
        mark_void(connection, [one.id for one in place.repairs()], run_id="the run after")
    page = place.page()
    assert "the source had another bar<small>the run after, " in page
    assert offered(page) == ["0", "2"]
    assert "MSFT: its repair was found void by the run the run after" in page
    assert "found void by the run the run after" in place.accept(0, 1).json()["error"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update stock_data set volume = volume + 1", "the bar of 2024-01-09 changed"),
        ("delete from stock_data", "the bar of 2024-01-09 is gone"),
    ],
)
def test_what_the_source_has_otherwise_by_now_is_not_accepted(place: Place, change: str, said: str):
    with place.engine.begin() as connection:
        connection.exec_driver_sql(f"{change} where symbol = 'AAPL' and date = '2024-01-09'")
    page = place.page()
    assert offered(page) == ["1", "2"]
    assert f"AAPL: {said}" in page
    refused = place.accept(0, 1)
    assert (refused.status_code, place.repairs()) == (422, [])
    assert f"AAPL: {said}" in refused.json()["error"]
    assert place.accept(1, 2).status_code == 200


def test_another_copy_may_go_beside_one_that_goes_already(place: Place):
    assert place.accept(2).status_code == 200
    assert offered(place.page()) == ["0", "1"]
    with place.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into stock_data select * from stock_data where (symbol, date) in (select "
            "symbol, date from stock_data group by symbol, date having count(*) > 1) limit 1"
        )
    assert offered(place.page()) == ["0", "1", "2"]
    assert place.accept(2).status_code == 200
    assert len(place.repairs()) == 2


def test_who_may_not_decide_is_told_how_and_refused(place: Place):
    page = place.page("uma")
    assert "for who may decide on bars" in page
    assert "gate repair accept" in page and "<button" not in page and offered(page) == []
    refused = place.accept(0, user="uma")
    assert (refused.status_code, place.repairs()) == (403, [])
    place.accept(0)
    assert place.revoke(*(one.id for one in place.repairs()), user="uma").status_code == 403


def test_what_cannot_be_is_refused_with_a_reason(place: Place):
    assert "proposed nothing of the kind" in place.accept(7).json()["error"]
    assert "no repair is chosen" in place.accept().json()["error"]
    assert place.act("accept", {"blocks": [0], "reason": "…"}).status_code == 422
    assert place.act("accept", {"blocks": [True]}).status_code == 400
    assert "1 of 1 repairs are not open" in place.revoke(99).json()["error"]
    assert place.repairs() == []


def test_proposals_that_are_not_what_the_run_wrote_are_not_accepted(place: Place):
    file = place.folder / PROPOSED
    said = json.loads(file.read_text())
    said[0]["new"][0] = 1.0
    file.write_text(json.dumps(said))
    assert place.accept(0).status_code == 422
    assert place.repairs() == []


def test_what_the_run_has_read_its_bars_by_can_be_taken_back(place: Place):
    old, new = (100.0, 110.0, 90.0, 100.0, 5.0), (1.0, 1.1, 0.9, 1.0, 5.0)
    one = NewRepair("MSFT", dt.date(2024, 1, 3), "unit", "100 times the level", old, new)
    with place.engine.begin() as connection:
        accept_automatically(connection, [[one]], run_id="wrong", reason="AUTO_REPAIR has unit")
    use = RepairUse(
        symbol="MSFT",
        rule="unit",
        evidence="100 times the level",
        first_date="2024-01-03",
        last_date="2024-01-03",
        count=1,
        bars=[RepairedBar(date="2024-01-03", old=list(old), new=list(new))],
        accepted_by="AUTO_REPAIR",
        reason="AUTO_REPAIR has unit",
        ids=[1],
    )
    file = place.folder / REPORT
    said = json.loads(file.read_text()) | {"repairs": asdict(RepairsUse(applied=[use]))}
    file.write_text(json.dumps(said))

    page = place.page()
    assert revocable(page) == ["1"]
    assert "AUTO_REPAIR has unit<small>AUTO_REPAIR, " in page
    report = place.client.get("/gate/runs/wrong", headers={**HTML, "x-user": "ann"}).text
    assert '<section id="repaired"' in report and 'href="/gate/runs/wrong/repairs"' in report
    assert "AUTO_REPAIR: AUTO_REPAIR has unit" in report
    days = [["MSFT", "2024-01-03", "2024-01-03"]]
    assert place.revoke(1).json() == {"bars": 1, "days": days}


def test_of_how_many_bars_nothing_is_proposed_is_told(place: Place):
    assert "no proposal" not in place.page()
    (place.folder / PROPOSED).write_text("[]")
    page = place.page()
    assert "This run proposed no repair." in page
    assert "3 bars that failed critically have no proposal" in page


def test_a_symbols_page_has_its_repairs_and_what_became_of_them(place: Place):
    def page(symbol: str) -> str:
        sent = {**HTML, "x-user": "uma"}
        answer = place.client.get(f"/gate/symbols/?symbol={symbol}", headers=sent)
        assert answer.status_code == 200, answer.text
        return str(answer.text).split("<h2>Repairs</h2>")[1].split("<h2>Waivers</h2>")[0]

    assert "None of its bars was repaired." in page("AAPL")
    place.accept(0, 1)
    (_, _, of_other) = place.repairs()
    place.revoke(of_other.id)
    shown = page("AAPL")
    assert "2024-01-08 to 2024-01-09" in shown and ">open</span>" in shown
    assert "a feed's error" in html.unescape(shown) and "<small>ann, " in shown
    assert shown.count("<tr>") == 2  # the head, and both bars as one line
    assert ">revoked</span> it was right<small>ann, " in page("MSFT")


def test_what_a_proposal_answers_beside_its_own_bars_is_not_without_one(place: Place):
    """The bar after an unadjusted split fails, and the copy that stays does."""
    said = json.loads((place.folder / PROPOSED).read_text())
    split = [{**one, "row": one["row"] - 2, "rule": "unadjusted split"} for one in said[:2]]
    (place.folder / PROPOSED).write_text(json.dumps(split))
    assert "2 bars that failed critically have no proposal" in place.page()  # 6 and 50, not 5
    copy = {**said[2], "row": 51, "rule": "duplicate", "new": None}
    (place.folder / PROPOSED).write_text(json.dumps([copy]))
    assert "2 bars that failed critically have no proposal" in place.page()  # 5 and 6, not 50
