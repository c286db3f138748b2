"""A model from published bars, its place in MLflow, and its signals: all of it for real."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from dags import VERSION
from dags.errors import TrainingError
from dags.local.messages import explain_error
from dags.reporting.standings import _last_closed
from dags.run.settings import Settings
from dags.training.bars import store_of
from dags.training.score import score
from dags.training.train import train
from gx.dataset.model import Dataset, Source
from gx.dataset.train import Train
from gx.plugins.expectations.kernels.calendars import sessions_from
from sql.errors import NoBarsError, UnvouchedError
from sql.publish import publish_bars
from tests.databases import named_in
from tests.mlflow_stores import Server, free_port, stored_files
from tests.unit.test_training import market
from tests.workflow import Database, Workflow
from tracking import StoreUnreachableError, TrackingError
from tracking.errors import NoChampionError
from transforms.bars import enrich

BARS = 600


def dataset(name: str, **train: Any) -> Dataset:
    """A dataset whose tables are those of the default one; its model has a name of its own."""
    return Dataset(
        name=name,
        source=Source(table="stock_data"),
        suite="stock_data",
        calendar="XNYS",
        publish="unused",
        train=Train(**train),
    ).model_copy(update={"publish": None})


def newest_sessions(count: int) -> list[date]:
    """The last sessions of New York that have closed."""
    due = _last_closed(dataset("any"), ["A"])["A"]
    assert due is not None
    days = sessions_from("XNYS", due.year - 4).days
    known = [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]
    return [day for day in known if day <= due][-count:]


def bars_until_now(seed: int, **more: Any) -> pd.DataFrame:
    bars = market(seed, bars=BARS, **more)
    return bars.assign(date=pd.to_datetime(newest_sessions(BARS) * 3))


def publish(engine: Engine, bars: pd.DataFrame, run_id: str = "run 1", **more: Any) -> None:
    kept = {"verdict": "passed", "extract_digest": "ab" * 32} | more
    with engine.begin() as connection:
        publish_bars(
            connection,
            enrich(bars),
            run_id=run_id,
            symbols=sorted(set(bars["symbol"])),
            start=None,
            end=None,
            extracted_at=datetime.now(UTC),
            **kept,
        )


@pytest.fixture
def settings(
    database: Database, tracking_server: Server, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Those of this test's bars, and of an MLflow server that is really there."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in named_in(database.settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_server.store.uri)
    return Settings()


def client_of(settings: Settings) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(settings.mlflow_tracking_uri)


def test_skill_makes_a_champion_whose_signals_name_model_and_gate(
    engine: Engine, database: Database, settings: Settings
):
    planted = dataset("planted")
    publish(engine, bars_until_now(1, signal=0.6), verdict="quarantined")
    done = train(planted, settings, user="ann")
    assert done.skill and (done.version, done.champion) == (1, 1)
    assert done.told.startswith("skill: all 4 baselines are beaten")
    assert done.told.endswith("planted version 1 is the challenger; it is the champion now")

    run = client_of(settings).get_run(done.mlflow_run_id)
    assert {"skill": "yes", "gate_run": "run 1", "verdict": "quarantined"}.items() <= (
        run.data.tags.items()
    )
    assert run.data.tags["data_digest"] == done.digest
    assert run.data.params["horizon"] == "1" and run.data.params["folds"] == "5"
    assert run.data.metrics["margin/zero"] > run.data.metrics["margin/zero_spread"] > 0
    assert {f"hits/fold_{number}" for number in range(1, 6)} <= run.data.metrics.keys()
    assert run.data.metrics["importance/range_place"] > 0.05
    (used,) = run.inputs.dataset_inputs
    profile = json.loads(used.dataset.profile)
    assert profile["gate_runs"] == [["run 1", "quarantined", 3 * BARS, "ab" * 32]]
    assert (profile["data_digest"], profile["num_rows"]) == (done.digest, 3 * BARS)
    assert [tag.value for tag in used.tags] == ["training"]
    files = stored_files(store_of(planted, settings), done.mlflow_run_id)
    assert {"importances.png", "importances.csv", "folds.json", "model/MLmodel"} <= files
    version = client_of(settings).get_model_version("planted", "1")
    assert version.tags["judgement"] == version.description == done.sentence

    scored = score(planted, settings)
    assert scored.told == "3 signals by planted version 1, 3 new"
    newest = newest_sessions(1)[0]
    rows = database.rows(
        "select symbol, date, model, model_version, run_id, verdict, gate_version, horizon "
        "from stock_data_signals order by symbol"
    )
    said = (newest, "planted", 1, "run 1", "quarantined", VERSION, 1)
    assert rows == [(symbol, *said) for symbol in ("S0", "S1", "S2")]
    assert score(planted, settings).new == 0
    with pytest.raises(Exception, match="stay as they were written"):
        database.execute("update stock_data_signals set signal = 1")


def test_the_same_bars_are_one_run_and_one_version_and_other_bars_another(
    engine: Engine, settings: Settings
):
    again = dataset("again")
    publish(engine, bars_until_now(2, signal=0.6))
    first = train(again, settings, user="ann")
    assert train(again, settings, user="bob") == first

    publish(engine, bars_until_now(3), run_id="run 2")
    second = train(again, settings, user="ann")
    assert not second.skill and (second.version, second.champion) == (2, 1)
    assert second.told.endswith("version 2 is the challenger; version 1 stays the champion")
    assert score(again, settings).version == 1


def test_without_skill_it_is_said_plainly_and_nothing_is_scored(
    engine: Engine, database: Database, settings: Settings
):
    walk = dataset("walk")
    publish(engine, bars_until_now(4))
    done = train(walk, settings, user="ann")
    assert (done.skill, done.version, done.champion) == (False, 1, None)
    assert done.told.startswith("no skill: ") and done.told.endswith("there is no champion")
    run = client_of(settings).get_run(done.mlflow_run_id)
    assert run.data.tags["skill"] == "no"
    assert run.data.tags["mlflow.note.content"].startswith("**no skill: ")
    assert client_of(settings).get_registered_model("walk").aliases == {"challenger": "1"}
    with pytest.raises(NoChampionError, match="none has beaten the baselines so far"):
        score(walk, settings)
    assert database.one("select to_regclass('stock_data_signals') is null")


def test_bars_that_nobody_vouches_for_are_neither_trained_on_nor_scored(
    engine: Engine, database: Database, settings: Settings
):
    altered = dataset("altered")
    publish(engine, bars_until_now(5, signal=0.6))
    assert train(altered, settings, user="ann").skill
    middle = "select symbol, date from stock_data_enriched order by 1, 2 offset 300 limit 1"
    one = f"where (symbol, date) = ({middle})"
    for command, error, said in (
        ("daily_return = daily_return + 1e-12", TrainingError, "1 published bars have another re"),
        ("close = close + 1e-9", UnvouchedError, "somebody changed them"),
    ):
        database.execute(f"update stock_data_enriched set {command} {one}")
        for does in (partial(train, user="ann"), score):
            with pytest.raises(error, match=said) as refused:
                does(altered, settings)
            assert explain_error(refused.value) == [str(refused.value)]
            assert "Publish them again: gate run --symbols 'S" in str(refused.value)
    database.execute(f"delete from stock_data_enriched {one}")
    with pytest.raises(TrainingError, match="or removed a bar before them"):
        train(altered, settings, user="ann")
    assert database.one("select to_regclass('stock_data_signals') is null")


def test_symbols_that_are_not_good_get_no_signal(
    engine: Engine, database: Database, settings: Settings
):
    behind = dataset("behind")
    bars = bars_until_now(6, signal=0.6)
    last = bars["date"].max()
    publish(engine, bars[(bars["symbol"] != "S1") | (bars["date"] < last)])
    assert train(behind, settings, user="ann").skill
    found = score(behind, settings)
    assert [one.symbol for one in found.signals] == ["S0", "S2"]
    assert found.told.endswith("not good, and without one: S1")
    publish(engine, bars[bars["date"] < last], run_id="run 2")
    with pytest.raises(TrainingError, match=r"no symbol is good.*gate verdict behind says why"):
        score(behind, settings)
    assert database.one("select count(*) from stock_data_signals") == 2


def test_mistakes_are_told_with_what_to_do(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(NoBarsError, match="run the gate first"):
        train(dataset("empty"), settings, user="ann")
    with pytest.raises(TrainingError, match=r"asks for no model: write train: \{horizon: 1\} into"):
        train(dataset("none").model_copy(update={"train": None}), settings, user="ann")
    publish(engine, market(1, bars=30))
    with pytest.raises(TrainingError, match="too few bars"):
        train(dataset("short"), settings, user="ann")
    publish(engine, bars_until_now(1), run_id="run 2")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    for does in (partial(train, user="ann"), score):
        with pytest.raises(StoreUnreachableError, match="does not answer"):
            does(dataset("away"), Settings())


def test_a_model_that_would_run_code_is_not_loaded(
    engine: Engine, settings: Settings, tracking_server: Server, tmp_path: Path
):
    """Somebody who may write to MLflow's files puts another model in the champion's place."""
    import skops.io

    stolen = dataset("stolen")
    publish(engine, bars_until_now(7, signal=0.6))
    done = train(stolen, settings, user="ann")
    place = tmp_path / "model.skops"
    skops.io.dump(Path, place)
    client_of(settings).log_artifact(done.mlflow_run_id, str(place), "model")
    with pytest.raises(TrackingError, match="is not one that was trained here"):
        score(stolen, settings)


TRAINED = """
source: {table: walked}
suite: stock_data
calendar: XNYS
symbols: "*"
publish: walks
train: {horizon: 2, folds: 4, features: [return_1, range_place, volatility_20]}
"""


def test_a_publication_sets_off_a_training_which_says_what_it_found(
    workflow: Workflow,
    database: Database,
    datasets: Path,
    airflow_environment: Mapping[str, str],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
):
    (datasets / "walks.yml").write_text(TRAINED)
    database.execute("create table walked (like stock_data including all)")
    bars = bars_until_now(8)
    bars[["open", "high", "low", "close"]] = bars[["open", "high", "low", "close"]].round(4)
    bars["high"] = bars[["open", "high", "close"]].max(axis=1)
    bars["low"] = bars[["open", "low", "close"]].min(axis=1)
    database.insert(bars.assign(date=bars["date"].dt.date))
    database.execute(
        "insert into walked (symbol, date, open, high, low, close, volume) "
        "select symbol, date, open, high, low, close, volume from stock_data"
    )
    gate = Workflow("walks_workflow").run(policy="quarantine")
    published = database.one("select count(*) from walks.stock_data_enriched")
    assert published, gate.tasks
    dag = Workflow("walks_training").dag()
    assert [one.name for one in dag.schedule] == ["walks_published"]

    ended = Workflow("walks_training").run()
    assert ended.state == "success"
    assert ended.tasks == {"train_model": "success", "score_bars": "skipped"}
    assert "no skill: " in caplog.text and "walks version 1 is the challenger" in caplog.text
    kept = database.rows(
        "select run_id, verdict, length(extract_digest) from walks.stock_data_publications"
    )
    assert kept == [(gate.run_id, kept[0][1], 64)]

    database.execute("update walks.stock_data_enriched set volume = volume + 1")
    capsys.readouterr()
    refused = Workflow("walks_training").run()
    assert (refused.state, refused.tries["train_model"]) == ("failed", 1)
    assert "no run vouches for 1,800 published bars" in "".join(capsys.readouterr())
