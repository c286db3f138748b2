"""The pages of quarantine and audit on a real database: what is held, and what is done with it."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import Engine, text
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID
from gx.report.model import Outcome
from gx.suite.waivers import read_waivers
from gx.web.app import create_app
from gx.web.guard import Forbidden, User
from gx.web.held import kept
from gx.web.held.kept import HeldError
from sql.audit import audit_entries
from sql.connection import ConnectionSettings
from sql.quarantine import HELD_WITH_SYMBOL
from tests.databases import named_in
from tests.sql_bars import BAD, quarantine
from tests.staged_runs import daily_bars, judged, outcome, stage_run

HTML = {"accept": "text/html"}
SUITE = "stock_data"
USERS = {
    "ann": User("ann", may_write=True, decides=True),
    "bob": User("bob", may_write=True, decides=True),
    "uma": User("uma", may_write=True),
    "vic": User("vic", may_write=False),
    "eve": User("eve", may_write=True, reads=(), writes=(), decides=True),
}


async def guard(request: Request) -> User | None:
    return USERS[request.headers["x-user"]]


@dataclass
class Place:
    """The pages over a database, with what they asked Airflow to run."""

    client: TestClient
    engine: Engine
    folder: Path
    frame: pd.DataFrame
    runs: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    refusal: Exception | None = None

    async def trigger(
        self, request: Request, dag_id: str, run_id: str, conf: Any, note: str
    ) -> str:
        if self.refusal:
            raise self.refusal
        self.runs.append((dag_id, run_id, dict(conf)))
        return ""

    def page(self, path: str = "/quarantine/", user: str = "ann", status: int = 200) -> str:
        answer = self.client.get(f"/gate{path}", headers={**HTML, "x-user": user})
        assert answer.status_code == status, answer.text
        return answer.text

    def of(self, symbol: str, user: str = "ann", **query: Any) -> str:
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return self.page(f"/quarantine/stock_data?symbol={quote(symbol)}{more}", user)

    def seen(self, symbol: str) -> str:
        found = re.search(r'"seen": ?"([^"]+)"', self.of(symbol))
        assert found is not None
        return found[1]

    def act(self, action: str, body: dict[str, Any], user: str = "ann", **headers: str) -> Any:
        sent = {"origin": "http://testserver", "x-user": user, **headers}
        return self.client.post(
            f"/gate/api/quarantine/stock_data/{action}", json=body, headers=sent
        )

    def body(self, symbol: str = "AAPL", **given: Any) -> dict[str, Any]:
        return {"symbol": symbol, "seen": self.seen(symbol), "reason": "known news", **given}

    def judge(self, symbol: str = "AAPL", user: str = "ann", **given: Any) -> Any:
        body = {"symbols": [symbol], "seen": [self.seen(symbol)], "reason": "known news", **given}
        return self.act("judge", body, user)

    def waivers(self) -> Any:
        return read_waivers(SUITE, self.folder / "project" / "gx" / "waivers")

    def execute(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)


def put_into_source(engine: Engine, frame: pd.DataFrame) -> None:
    rows: Any = frame.assign(date=frame["date"].dt.date).to_dict("records")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into stock_data (symbol, date, open, high, low, close, volume)"
                " values (:symbol, :date, :open, :high, :low, :close, :volume)"
            ),
            rows,
        )


def hold_run(place: Place, run_id: str, *found: Outcome, symbol: str = "AAPL") -> None:
    """A run in whose report these outcomes are, and which holds the symbol's bars."""
    frame = place.frame
    report = judged(frame, *found)
    stage_run(place.folder / "staging", run_id, frame, report, held=(symbol,))
    failing = dict(zip(report.failing["row"], report.failing["reasons"], strict=True))
    mine = frame[frame["symbol"] == symbol]
    table = pa.Table.from_pandas(mine.assign(created_at=None), preserve_index=False)
    reasons = [failing.get(row, [HELD_WITH_SYMBOL]) for row in mine.index]
    quarantine(
        place.engine,
        table.select(BAD.column_names).cast(BAD.schema),
        run_id=run_id,
        reasons=reasons,
        row_numbers=list(mine.index),
    )


@pytest.fixture
def place(tmp_path: Path, engine: Engine, bars_database: ConnectionSettings) -> Iterator[Place]:
    """AAPL is held by a run: bars 5 and 7 fail, 5 has a remark too; the source still has all."""
    frame = daily_bars(["AAPL", "MSFT"], 60)
    gx = tmp_path / "project" / "gx"
    (gx / "expectations").mkdir(parents=True)
    (tmp_path / "quality" / "data_docs").mkdir(parents=True)
    found = (outcome(frame, [5, 7]), outcome(frame, [5], "warning", "volume"))
    entries = [{"type": one.type, "kwargs": dict(one.kwargs)} for one in found]
    suite = {"name": SUITE, "expectations": entries}
    (gx / "expectations" / f"{SUITE}.json").write_text(json.dumps(suite))
    settings = Settings.of(
        {
            "STAGING_URL": f"file://{tmp_path / 'staging'}",
            "RESULTS_DIR": str(tmp_path / "quality"),
            **named_in(bars_database),
        }
    )
    made = Place(None, engine, tmp_path, frame)  # type: ignore[arg-type]

    async def trigger(*given: Any) -> str:
        return await made.trigger(*given)

    desk = Desk(settings, project=tmp_path / "project")
    app = create_app(desk, guard, login_url="/login", trigger=trigger)
    with TestClient(app, follow_redirects=False) as client:
        made.client = client
        put_into_source(engine, frame)
        hold_run(made, "bad", *found)
        yield made


def test_what_is_held_is_listed_with_its_run_and_reasons(place: Place):
    shown = place.page()
    assert "60 bars of 1 symbol held" in shown
    assert '<a href="/gate/quarantine/stock_data?symbol=AAPL"><b>AAPL</b></a>' in shown
    assert "close is at least one cent." in shown and ">58 bars<" in shown
    assert kept.HELD_WITH_SYMBOL == HELD_WITH_SYMBOL
    assert '<a href="/gate/runs/bad">bad</a>' in shown
    assert "None of them fits" in place.page("/quarantine/?symbol=MSFT")
    assert "<b>AAPL</b>" in place.page("/quarantine/?symbol=aap&dataset=stock_data")
    assert "<b>AAPL</b>" not in place.page(user="eve")


def test_nothing_held_says_what_that_means(place: Place):
    assert place.act("discard", place.body()).json() == {"bars": 60}
    assert "Nothing is held." in place.page()
    gone = place.page("/quarantine/stock_data?symbol=AAPL", status=404)
    assert "None is held any more" in gone
    assert "60 bars from " in gone and "by ann" in gone and "UTC: known news" in gone


def test_a_discarded_bar_is_told_on_the_page_of_those_that_are_held(place: Place):
    assert "<h2>Discarded</h2>" not in place.of("AAPL")
    failing = place.frame["date"].iloc[5].date()
    days = {"first_date": str(failing), "last_date": str(failing)}
    assert place.act("discard", place.body(**days)).json() == {"bars": 1}
    assert f"1 bar of {failing}, by ann" in place.of("AAPL")
    hold_run(place, "again", outcome(place.frame, [5, 7]))
    shown = place.of("AAPL")
    assert "<b>59 bars</b>" in shown and f"1 bar of {failing}, by ann" in shown


def test_bars_stand_beside_those_of_today(place: Place):
    where = "where symbol = 'AAPL' and date = :day"
    first, second, third = (place.frame["date"].iloc[at].date() for at in (5, 7, 0))
    place.execute(f"update stock_data set close = 123456.75 {where}", day=first)
    place.execute(f"delete from stock_data {where}", day=second)
    place.execute(
        "insert into stock_data_enriched (symbol, date, open, high, low, close, volume, run_id)"
        " select symbol, date, open, high, low, 77.25, volume, 'old' from stock_data"
        f" {where}",
        day=third,
    )
    shown = place.of("AAPL")
    assert "<mark>123,456.75</mark>" in shown and shown.count("<mark>") == 2
    assert shown.count(">gone<") == 1
    assert "<mark>77.25</mark>" in shown and shown.count("other values") == 1
    rows = shown.split("<tbody>")[1]
    assert rows.index(str(first)) < rows.index(str(third))  # what failed stands first
    assert "Page 1 of 3" in shown
    assert shown.count('<td class="date">') == 25
    assert place.of("AAPL", page=3).count('<td class="date">') == 10


def test_a_source_that_cannot_be_read_is_said_in_place_of_its_bars(place: Place):
    place.execute("alter table stock_data rename to elsewhere")
    shown = place.of("AAPL")
    assert "The bars of today cannot be shown" in shown
    assert shown.count("unknown") == 25 and "the same" not in shown


def test_rows_without_a_symbol_or_a_date_are_shown_as_they_are(place: Place):
    nameless = BAD.set_column(0, "symbol", pa.array([None, "", None], pa.string()))
    quarantine(place.engine, nameless, run_id="r9")
    assert "<b>no symbol</b>" in place.page()
    shown = place.of("")
    assert "Held bars without a symbol" in shown and "no date" in shown and "NULL" in shown
    assert "rows without a symbol are judged by a run of all symbols alone" in shown
    assert 'name="release"' not in shown and "cannot be published" in shown
    refused = place.judge("")
    assert refused.status_code == 422 and "run of all symbols" in refused.json()["error"]
    assert place.act("discard", place.body("")).json() == {"bars": 3}


def test_judging_again_is_a_run_over_just_these_bars(place: Place):
    made = place.judge(user="uma")
    assert made.status_code == 200, made.text
    ((dag_id, run_id, conf),) = place.runs
    first, last = (str(place.frame["date"].iloc[at].date()) for at in (0, 59))
    assert dag_id == DAG_ID and run_id == made.json()["run_id"]
    assert conf == {
        "symbols": ["AAPL"],
        "start_date": first,
        "end_date": last,
        "policy": "quarantine",
    }
    (entry,) = audit_entries(place.engine)
    assert (entry.action, entry.who, entry.run_id) == ("judge again", "uma", run_id)
    assert entry.what == "AAPL: 60 held bars"
    assert place.judge(first_date="2024-01-10", last_date="2024-01-12").status_code == 200
    assert [place.runs[1][2][name] for name in ("start_date", "end_date")] == [
        *("2024-01-10", "2024-01-12")
    ]


def test_what_could_not_be_started_was_not_done(place: Place):
    place.refusal = HeldError("Airflow started no run")
    assert "Airflow started no run" in place.judge().json()["error"]
    assert place.act("release", place.body()).status_code == 422
    place.refusal = Forbidden("Airflow does not let you")
    assert place.judge().status_code == 403
    assert audit_entries(place.engine) == [] and place.waivers() == ()


def test_a_release_waives_exactly_these_bars_and_judges_them_again(place: Place):
    shown = place.of("AAPL")
    assert "2 failures of these very bars are waived" in shown
    made = place.act("release", place.body(expires="2036-01-01"))
    assert made.status_code == 200, made.text
    (waiver,) = place.waivers()
    assert waiver.expectation == "column_values_to_be_between(close)"  # not the remark's
    assert (waiver.symbol, waiver.author, waiver.reason) == ("AAPL", "ann", "known news")
    assert str(waiver.expires) == "2036-01-01"
    days = [str(place.frame["date"].iloc[at].date()) for at in (5, 7)]
    assert [one.date for one in waiver.bars] == days
    assert waiver.bars[0].close == place.frame.loc[5, "close"]
    assert len(place.runs) == 1 and made.json()["accepted"] == 2
    (entry,) = audit_entries(place.engine)
    assert (entry.action, entry.run_id) == ("release", place.runs[0][1])
    assert place.act("release", place.body()).status_code == 200
    assert len(place.waivers()) == 1  # what is accepted already is not accepted twice


def test_a_bar_that_misses_two_expectations_of_one_name_is_accepted_once(place: Place):
    twice = outcome(place.frame, [5])
    hold_run(place, "twice", twice, twice)
    assert place.act("release", place.body()).json()["accepted"] == 1
    assert [len(one.bars) for one in place.waivers()] == [1]


def test_what_no_waiver_can_mend_is_said_beforehand(place: Place):
    place.frame.loc[5, "close"] = float("nan")
    behind = outcome(place.frame, [], "critical", "date")
    as_whole = Outcome(**{**vars(behind), "status": "failed", "symbols": ("AAPL",)})
    hold_run(place, "worse", outcome(place.frame, [5]), as_whole)

    shown = place.of("AAPL")
    assert "1 bar without a price or volume" in shown
    assert "AAPL as a whole misses column_values_to_be_between(date)" in shown
    assert 'name="release"' not in shown
    refused = place.act("release", place.body())
    assert refused.status_code == 422 and "cannot be released" in refused.json()["error"]
    assert place.runs == [] and place.waivers() == () and audit_entries(place.engine) == []


def test_of_a_run_that_is_gone_only_judging_again_helps(place: Place):
    for file in (place.folder / "staging" / DAG_ID / "bad").rglob("*.parquet"):
        file.unlink()
    assert "judge again first" in place.of("AAPL")
    assert place.act("release", place.body()).status_code == 422


@pytest.mark.parametrize("action", ["judge", "release", "discard"])
@pytest.mark.parametrize("first", ["judge", "discard"])
def test_the_second_sees_what_the_first_did(place: Place, first: str, action: str):
    bodies = {
        "judge": {"symbols": ["AAPL"], "seen": [place.seen("AAPL")], "reason": "late"},
        "release": place.body(reason="late"),
        "discard": place.body(reason="late"),
    }
    earlier = {**bodies[first], "reason": "delisted"}
    assert place.act(first, earlier, "bob").status_code == 200
    before = len(place.runs)

    refused = place.act(action, bodies[action])
    assert refused.status_code == 409
    told = "bob discarded 60 bars (delisted)" if first == "discard" else "bob: judge again"
    assert told in refused.json()["error"]
    assert len(place.runs) == before and place.waivers() == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": " "}, "say why"),
        ({"first_date": "yesterday"}, "is no date"),
        ({"first_date": "2024-02-01", "last_date": "2024-01-01"}, "before the first"),
        ({"first_date": "1999-01-01", "last_date": "1999-01-02"}, "o bar"),
        ({"symbol": "a\0b"}, "uch a symbol|character that nobody sees"),
    ],
)
@pytest.mark.parametrize("action", ["release", "discard"])
def test_what_cannot_be_meant_is_refused(place: Place, action: str, given: Any, said: str):
    refused = place.act(action, {**place.body(), **given})
    assert refused.status_code == 422
    assert re.search(said, refused.json()["error"])
    assert audit_entries(place.engine) == []


def test_nobody_is_offered_what_he_may_not_do(place: Place):
    shown = place.of("AAPL", "vic") + place.page(user="vic")
    assert "<button" in shown  # the filter's
    assert not re.search(r'name="(judge|release|discard|reason)"', shown)
    assert shown.count("You may look.") == 2
    shown = place.of("AAPL", "uma")
    assert 'name="judge"' in shown
    assert not re.search(r'name="(release|discard)"', shown)
    assert "For who may decide on bars (the setting DECIDERS)" in shown
    assert place.judge(user="vic").status_code == 403
    for action in ("release", "discard"):
        for user in ("vic", "uma", "eve"):
            assert place.act(action, place.body(), user).status_code == 403
    assert (
        place.client.get(
            "/gate/quarantine/stock_data?symbol=AAPL", headers={**HTML, "x-user": "eve"}
        ).status_code
        == 403
    )
    assert audit_entries(place.engine) == []


def test_a_change_is_a_post_from_a_page_of_this_site(place: Place):
    body = place.body()
    assert place.act("discard", body, origin="http://elsewhere").status_code == 403
    for action in ("judge", "release", "discard"):
        path = f"/gate/api/quarantine/stock_data/{action}"
        assert place.client.get(path, headers={"x-user": "ann"}).status_code == 405
    assert (
        place.client.get("/gate/quarantine/none?symbol=A", headers={"x-user": "ann"}).status_code
        == 404
    )


def test_the_audit_gathers_what_was_done_everywhere(place: Place):
    place.act("release", place.body())
    place.act("discard", place.body(reason="delisted"), "bob")
    (waiver,) = place.waivers()
    withdrawn = place.client.post(
        f"/gate/api/waivers/{SUITE}/{waiver.id}/withdraw",
        json={"reason": "a mistake"},
        headers={"origin": "http://testserver", "x-user": "bob"},
    )
    assert withdrawn.status_code == 200

    rows = place.page("/audit/").split("<tbody>")[1].split("<tr>")[1:]
    done = [re.findall(r'data-label="(?:Who|Action)">(.+)', row) for row in rows]
    # A release begins before its waivers are made.
    assert done == [["bob", "withdraw"], ["bob", "discard"], ["ann", "waive"], ["ann", "release"]]
    assert "delisted" in rows[1]
    assert f'/runs/{quote(place.runs[0][1], safe="")}"' in "".join(rows)
    only = place.page("/audit/?person=bob&action=discard").split("<tbody>")[1]
    assert only.count("<tr>") == 1
    assert place.page("/audit/?symbol=aapl").split("<tbody>")[1].count("<tr>") == 4
    assert "None of 4 entries fits" in place.page("/audit/?symbol=AAP")
    assert "Nobody has done anything yet" in place.page("/audit/", "eve")


def test_a_bar_within_the_day_is_compared_at_its_moment(place: Place):
    from gx.web.held.page import date_of

    moment = dt.datetime(2025, 1, 2, 15, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert date_of(moment) == date_of(pd.Timestamp("2025-01-02T14:30", tz="UTC"))
    assert date_of(dt.date(2025, 1, 2)) == "2025-01-02" and date_of(None) is None
