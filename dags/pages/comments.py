"""What people wrote about a run: a file each, in the run's folder."""

import logging
import secrets
from dataclasses import asdict

from sqlalchemy.exc import SQLAlchemyError

from dags.errors import RequestError, StagingError
from dags.run.datasets import published_at, settings_for
from dags.run.settings import Settings
from dags.staging.files import Folder
from dags.staging.store import entries, make_folder
from gx.dataset.read import read_dataset
from gx.errors import DatasetError
from gx.web.summary import Comment, RunSummary
from sql import audit
from sql.connection import connected
from sql.errors import BarStoreError
from tracking.errors import TrackingError
from tracking.run.comments import write_comments
from tracking.store import TrackingStore

COMMENTS, TOLD = "comments", "comments_in_mlflow.json"
_LOG = logging.getLogger(__name__)


def read_comments(folder: Folder) -> list[Comment]:
    """The comments of a run, oldest first; what is no comment is passed over."""
    place = folder.root / COMMENTS
    named = entries(place) if place.exists() else []
    names = sorted(one.name for one in named if one.name.endswith(".json"))
    found = (folder.find_json(f"{COMMENTS}/{name}") for name in names)
    return [Comment(**one) for one in found if _is_comment(one)]


def told_to_mlflow(folder: Folder) -> int:
    """How many of them MLflow has."""
    found = folder.find_json(TOLD)
    return found if isinstance(found, int) else 0


def keep_comment(folder: Folder, run: RunSummary, comment: Comment, settings: Settings) -> None:
    """Keep it in a file of its own, so that no two people write the same one.

    The audit and MLflow are told then; where one does not answer the comment is kept all the same.
    """
    make_folder(folder.root / COMMENTS)
    moment = comment.at.replace(":", "").replace("+", "_")
    folder.write_json(f"{COMMENTS}/{moment}-{secrets.token_hex(4)}.json", asdict(comment))
    try:
        _audit(run, comment, settings)
    except (SQLAlchemyError, BarStoreError, RequestError, DatasetError) as error:
        _LOG.warning("the audit was not told of a comment on %s: %s", run.run_id, error)
    try:
        _tell_mlflow(folder, run, settings)
    except (TrackingError, DatasetError, StagingError) as error:
        _LOG.warning("MLflow was not told of a comment on %s: %s", run.run_id, error)


def _audit(run: RunSummary, comment: Comment, settings: Settings) -> None:
    dataset = read_dataset(run.dataset)
    with connected(published_at(dataset, settings_for(dataset, settings))) as engine:
        if not audit.is_audited(engine):
            return
        with engine.begin() as connection:
            audit.note(
                connection,
                action="comment",
                who=comment.author,
                what="the run's report",
                why=comment.text,
                run_id=run.run_id,
            )


def _tell_mlflow(folder: Folder, run: RunSummary, settings: Settings) -> None:
    """Write all comments: what was kept while MLflow was away comes along."""
    record = folder.unverified_record("log")
    tracked = record.to_json().get("mlflow_run_id") if record else None
    if not tracked:
        return
    dataset = settings_for(read_dataset(run.dataset), settings)
    store = TrackingStore(dataset.mlflow_tracking_uri, dataset.mlflow_experiment_name)
    comments = read_comments(folder)
    said = [f"{one.at[:16].replace('T', ' ')} UTC, {one.author}: {one.text}" for one in comments]
    write_comments(store, str(tracked), said)
    folder.write_json(TOLD, len(comments))


def _is_comment(found: object) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == {"at", "author", "text"}
        and all(isinstance(one, str) for one in found.values())
    )
