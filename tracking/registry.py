"""Models in MLflow's registry: kept with their signature, registered, found again and loaded.

Loaded is only what can be read without running any of it: skops' format, and of its types those
alone that our own models are made of. Whoever may write to MLflow's files runs nothing here.
"""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.client import failures_named, open_client
from tracking.errors import NoChampionError, TrackingError
from tracking.names import MAX_DESCRIPTION, cut
from tracking.store import TrackingStore

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

CHALLENGER, CHAMPION = "challenger", "champion"
# The folder of the model among a run's artifacts, and its file.
MODEL_FOLDER, _FILE = "model", "model.skops"
_TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
# Packages that a model needs where it is loaded by others.
_NEEDED = ("scikit-learn", "skops", "numpy", "pandas")


@dataclass(frozen=True)
class RegisteredModel:
    """A version of a model in the registry, and the features that it takes, in their order."""

    name: str
    version: int
    features: tuple[str, ...]
    tags: Mapping[str, str]
    model: Any


def save_model(model: Any, features: "pd.DataFrame", folder: Path) -> None:
    """Write a model of scikit-learn, with the signature that these features give, as MLflow does.

    Into ``folder`` / MODEL_FOLDER, which is to become artifacts of a run.
    """
    from importlib.metadata import version

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about types of agents
        import mlflow.sklearn
        from mlflow.models import infer_signature

        mlflow.sklearn.save_model(
            model,
            str(folder / MODEL_FOLDER),
            signature=infer_signature(features, model.predict(features)),
            serialization_format="skops",
            skops_trusted_types=_TRUSTED,
            pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
        )


def register(
    store: TrackingStore,
    name: str,
    run_id: str,
    *,
    champion: bool,
    description: str,
    tags: Mapping[str, str],
) -> int:
    """Make the model of a run the challenger, and the champion too if it is one; its version.

    Registering the same run again changes nothing. Raises TrackingError.
    """
    client = open_client(store)
    with failures_named(store, f"the model {name} could not be registered"):
        version = _version_of(client, name, run_id)
        if version is None:
            made = client.create_model_version(
                name,
                source=f"runs:/{run_id}/{MODEL_FOLDER}",
                run_id=run_id,
                tags=dict(tags),
                description=cut(description, MAX_DESCRIPTION),
            )
            version = int(made.version)
        client.set_registered_model_alias(name, CHALLENGER, str(version))
        if champion:
            client.set_registered_model_alias(name, CHAMPION, str(version))
    return version


def champion_version(store: TrackingStore, name: str) -> int | None:
    """The version of the champion; None where there is none. Raises TrackingError."""
    client = open_client(store)
    with failures_named(store, f"the model {name} could not be asked for"):
        found = _champion(client, name)
    return None if found is None else int(found.version)


def load_champion(store: TrackingStore, name: str) -> RegisteredModel:
    """The champion, loaded. Raises NoChampionError, TrackingError."""
    client = open_client(store)
    with failures_named(store, f"the model {name} could not be loaded"):
        found = _champion(client, name)
        if found is None:
            raise NoChampionError(
                f"the model {name} has no champion: none has beaten the baselines so far. Train "
                "again when more bars are published, or score nothing"
            )
        with tempfile.TemporaryDirectory() as place:
            from mlflow.artifacts import download_artifacts

            source = client.get_model_version_download_uri(name, found.version)
            where = download_artifacts(
                artifact_uri=source, dst_path=place, tracking_uri=store.client_uri
            )
            model = _read(Path(where) / _FILE, f"{name} version {found.version}")
    features: Sequence[str] = model.feature_names_in_
    return RegisteredModel(name, int(found.version), tuple(features), dict(found.tags), model)


def _read(file: Path, shown: str) -> Any:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.load(file, trusted=_TRUSTED)
    except (UntrustedTypesFoundException, ValueError, KeyError, TypeError) as error:
        said = str(error).partition("\n")[0]
        raise TrackingError(
            f"the model {shown} is not one that was trained here ({said}): train again"
        ) from None


def _champion(client: "MlflowClient", name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        # No such model, or no such alias of it.
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _version_of(client: "MlflowClient", name: str, run_id: str) -> int | None:
    """The version that was made of this run; the model's name is made where it is missing."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    found = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    return int(found[0].version) if found else None
