"""Signals: what the champion says of the newest bars of symbols that are good."""

from dataclasses import dataclass

import numpy as np

from dags import VERSION
from dags.errors import TrainingError
from dags.reporting.standings import dataset_verdict
from dags.run.datasets import published_at
from dags.run.settings import Settings
from dags.training.bars import asked_of, bars_of, store_of
from dags.training.model import one_thread
from gx.dataset.model import Dataset
from gx.report.sentences import counted
from sql.connection import connected
from sql.trained.signals import Signal, ensure_signals, write_signals
from sql.trained.vouched import VouchedBars
from tracking.registry import RegisteredModel, load_champion
from transforms.features import FEATURES, features


@dataclass(frozen=True)
class Scored:
    """The signals of a version of a model, how many are new, and who got none."""

    name: str
    version: int
    signals: tuple[Signal, ...]
    new: int
    left_out: tuple[str, ...]

    @property
    def told(self) -> str:
        """All of it in a line."""
        others = f"; not good, and without one: {', '.join(self.left_out[:10])}"
        return (
            f"{counted(len(self.signals), 'signal')} by {self.name} version {self.version}, "
            f"{self.new:,} new{others if self.left_out else ''}"
        )


def score(dataset: Dataset, settings: Settings) -> Scored:
    """Write the champion's signals of what `gate verdict` calls good into `stock_data_signals`.

    Scoring the same bars again writes nothing. Raises NoChampionError, TrainingError when no symbol
    is good, UnvouchedError, and as the database and MLflow do.
    """
    asked_of(dataset)
    champion = load_champion(store_of(dataset, settings), dataset.name)
    unknown = [name for name in champion.features if name not in FEATURES]
    if unknown:
        raise TrainingError(
            f"{champion.name} version {champion.version} takes features that there are no more "
            f"({', '.join(unknown)}): train again"
        )
    verdict = dataset_verdict(dataset, settings)
    good = [one.symbol for one in verdict.symbols if one.good]
    if not good:
        raise TrainingError(
            f"no symbol is good, and none is scored. {verdict.sentence} gate verdict "
            f"{dataset.name} says why"
        )
    vouched = bars_of(dataset, settings, good)
    signals = _signals(champion, vouched)
    with connected(published_at(dataset, settings)) as engine:
        ensure_signals(engine, daily=dataset.is_daily)
        with engine.begin() as connection:
            new = write_signals(
                connection,
                signals,
                horizon=int(champion.tags["horizon"]),
                model=champion.name,
                model_version=champion.version,
                gate_version=VERSION,
            )
    left_out = tuple(one.symbol for one in verdict.symbols if not one.good)
    return Scored(champion.name, champion.version, tuple(signals), new, left_out)


def _signals(champion: RegisteredModel, vouched: VouchedBars) -> list[Signal]:
    bars = vouched.bars
    newest = ~bars["symbol"].duplicated(keep="last")
    known = features(bars, champion.features)[newest]
    with one_thread():
        said = np.asarray(champion.model.predict(known), dtype=np.float64)
    verdicts = {one.run_id: one.verdict for one in vouched.runs}
    rows = bars[newest]
    return [
        Signal(symbol, moment, float(value), run_id, verdicts[run_id])
        for symbol, moment, run_id, value in zip(
            rows["symbol"].tolist(),
            rows["date"].dt.to_pydatetime().tolist(),
            rows["run_id"].tolist(),
            said,
            strict=True,
        )
    ]
