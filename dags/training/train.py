"""Training a model on a dataset's published bars, judging it, and telling MLflow all of it."""

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from dags import VERSION
from dags.run.settings import Settings
from dags.training.bars import asked_of, bars_of, store_of
from dags.training.examples import examples
from dags.training.folds import walk_forward
from dags.training.judgement import Judgement, judged
from dags.training.model import FoldScore, Walked, trained_on, walked
from dags.training.picture import draw_importances
from gx.dataset.model import Dataset
from gx.dataset.train import Train
from sql.trained.vouched import VouchedBars
from tracking.registry import champion_version, register, save_model
from tracking.run.dataset import Dataset as TrackedDataset
from tracking.run.log import log_run
from tracking.run.record import RunRecord
from tracking.run.tables import write_table

# Of runs that vouch for the bars so many are named, the newest.
_NAMED = 50
_ABOUT = ("number", "first", "last", "trained_on", "tested_on")
_MEASURED = tuple(one.name for one in fields(FoldScore) if one.name not in _ABOUT)


@dataclass(frozen=True)
class Trained:
    """What came of a training: the judgement, and where the model is."""

    name: str
    version: int
    champion: int | None
    skill: bool
    sentence: str
    bars: int
    digest: str
    mlflow_run_id: str

    @property
    def told(self) -> str:
        """All of it in a line."""
        if self.skill:
            became = "it is the champion now"
        elif self.champion is None:
            became = "there is no champion"
        else:
            became = f"version {self.champion} stays the champion"
        return f"{self.sentence}. {self.name} version {self.version} is the challenger; {became}"


def train(dataset: Dataset, settings: Settings, *, user: str) -> Trained:
    """Train, judge and register; the same bars give the same run and version again.

    Raises TrainingError, UnvouchedError, NoBarsError, DatabaseLostError, and TrackingError.
    """
    asked, store, begun = asked_of(dataset), store_of(dataset, settings), _now()
    vouched = bars_of(dataset, settings)
    known = examples(vouched.bars, asked.features, asked.horizon)
    tested = walked(known, walk_forward(known.dates, known.known_at, asked.folds))
    said = judged(tested.scores)
    model = trained_on(known.features, known.target)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _write(folder, tested)
        save_model(model, known.features.head(5), folder)
        record = _record(dataset, asked, vouched, tested, said, user, begun)
        logged = log_run(store, record, folder)
    version = register(
        store,
        dataset.name,
        logged.run_id,
        champion=said.skill,
        description=said.sentence,
        tags={**record.tags, "horizon": str(asked.horizon)},
    )
    return Trained(
        name=dataset.name,
        version=version,
        champion=champion_version(store, dataset.name),
        skill=said.skill,
        sentence=said.sentence,
        bars=len(vouched.bars),
        digest=vouched.digest,
        mlflow_run_id=logged.run_id,
    )


def _write(folder: Path, tested: Walked) -> None:
    names = [one.name for one in fields(FoldScore)]
    rows = [[getattr(one, name) for name in names] for one in tested.scores]
    write_table(folder / "folds.json", names, rows)
    tested.importances.to_csv(folder / "importances.csv")
    draw_importances(tested.importances, folder / "importances.png")


def _record(
    dataset: Dataset,
    asked: Train,
    vouched: VouchedBars,
    tested: Walked,
    said: Judgement,
    user: str,
    begun: int,
) -> RunRecord:
    asks = asked.model_dump(mode="json") | {"gate_version": VERSION}
    told = json.dumps([dataset.name, vouched.digest, asks], sort_keys=True)
    bars, newest = vouched.bars, vouched.runs[0]
    return RunRecord(
        run_key=f"train/{dataset.name}/{hashlib.sha256(told.encode()).hexdigest()[:32]}",
        name=f"{bars['date'].max():%Y-%m-%d} {dataset.name}",
        status="FINISHED",
        params={
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in asks.items()
        },
        metrics=_metrics(tested, said),
        tags={
            "dataset": dataset.name,
            "skill": "yes" if said.skill else "no",
            "judgement": said.sentence,
            "data_digest": vouched.digest,
            "gate_run": newest.run_id,
            "verdict": _verdict(vouched),
            "made_up": str(dataset.made_up).lower(),
        },
        description=_description(dataset, vouched, said),
        start_time_ms=begun,
        end_time_ms=_now(),
        source_name="dags/train_on_bars.py",
        user=user,
        tables=("folds.json",),
        dataset=_tracked(dataset, vouched),
    )


def _verdict(vouched: VouchedBars) -> str:
    """What the gate said of these bars: quarantined where a run held others of its symbols."""
    return "passed" if all(one.verdict == "passed" for one in vouched.runs) else "quarantined"


def _metrics(tested: Walked, said: Judgement) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for name in _MEASURED:
        each = [float(getattr(one, name)) for one in tested.scores]
        found |= {f"{name}/fold_{number}": value for number, value in enumerate(each, start=1)}
        found |= {name: float(np.mean(each)), f"{name}_spread": float(np.std(each, ddof=1))}
    for one in said.margins:
        over = one.baseline.replace("'", "").replace(" ", "_")
        found |= {f"margin/{over}": one.mean, f"margin/{over}_spread": one.spread}
    worth = tested.importances["mean"]
    found |= {f"importance/{name}": float(worth[name]) for name in worth.index}
    return found


def _description(dataset: Dataset, vouched: VouchedBars, said: Judgement) -> str:
    bars = vouched.bars
    runs = "\n".join(
        f"- `{one.run_id}`: {one.verdict}, {one.bars:,} bars, extract `{one.extract_digest[:16]}`"
        for one in vouched.runs[:_NAMED]
    )
    made_up = "**These bars are made up.**\n\n" if dataset.made_up else ""
    return (
        f"{made_up}**{said.sentence}.**\n\n{len(bars):,} bars of {bars['symbol'].nunique():,} "
        f"symbols from {bars['date'].min():%Y-%m-%d} to {bars['date'].max():%Y-%m-%d}, published "
        f"by {len(vouched.runs):,} runs of the gate:\n\n{runs}\n\n"
        "[what the features are worth](artifact:importances.csv)"
    )


def _tracked(dataset: Dataset, vouched: VouchedBars) -> TrackedDataset:
    bars = vouched.bars
    return TrackedDataset(
        name=dataset.name,
        digest=vouched.digest,
        table=dataset.published_table,
        query=f"select * from {dataset.published_table}",  # noqa: S608  # told, never run
        columns={
            name: {"f": "double", "M": "datetime"}.get(bars[name].dtype.kind, "string")
            for name in bars.columns
        },
        profile={
            "num_rows": len(bars),
            "num_symbols": int(bars["symbol"].nunique()),
            "first_date": f"{bars['date'].min():%Y-%m-%d}",
            "last_date": f"{bars['date'].max():%Y-%m-%d}",
            "verdict": _verdict(vouched),
            "gate_runs": [
                [one.run_id, one.verdict, one.bars, one.extract_digest[:64]]
                for one in vouched.runs[:_NAMED]
            ],
        },
        context="training",
    )


def _now() -> int:
    return int(time.time() * 1000)
