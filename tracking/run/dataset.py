"""The data that a run judged, as MLflow's dataset of the run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracking.names import cut

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

# MLflow's limits.
_NAME = 500
_DIGEST = 36
_SOURCE_BYTES = 65_535
_SCHEMA_BYTES = 1_048_575
# Of the digest's characters, those that tell apart what was said of the same data.
_PROFILE_DIGEST = 8


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What a run judged. No row of it is kept or read again, so logging it takes milliseconds.

    `digest` is the hexadecimal SHA-256 of all the data; `table` and `query` say where it came
    from; `columns` maps names to MLflow's types (``string``, ``double``, ``long``, ``datetime``,
    …); `profile` is what is known of it, as JSON can hold it: rows, dates, the verdict.
    `context` is what the run did with it, in MLflow's words.
    """

    name: str
    digest: str
    table: str
    query: str
    columns: Mapping[str, str]
    profile: Mapping[str, object]
    context: str = "validation"

    @property
    def key(self) -> str:
        """The dataset's digest in MLflow: 27 digits of the data's own, ``-``, 8 of the profile's.

        MLflow keeps one profile per name and digest in an experiment, the first: the same data
        judged by another suite would show an old verdict.
        """
        profile = hashlib.sha256(self._profile.encode()).hexdigest()[:_PROFILE_DIGEST]
        return f"{self.digest[: _DIGEST - _PROFILE_DIGEST - 1]}-{profile}"

    @property
    def _profile(self) -> str:
        return json.dumps({**self.profile, "data_digest": self.digest}, sort_keys=True)

    def as_input(self) -> "DatasetInput":
        """The dataset in MLflow's terms, within its limits."""
        from mlflow.entities import Dataset as MlflowDataset
        from mlflow.entities import DatasetInput, InputTag

        # A query names its symbols: of thousands the beginning must do.
        source = {"table": self.table, "query": cut(self.query, _SOURCE_BYTES // 8)}
        schema = [{"name": name, "type": kind} for name, kind in self.columns.items()]
        return DatasetInput(
            dataset=MlflowDataset(
                name=cut(self.name, _NAME),
                digest=self.key,
                source_type="sql",
                source=json.dumps(source),
                schema=_bounded(json.dumps({"mlflow_colspec": schema})),
                profile=self._profile,
            ),
            tags=[InputTag("mlflow.data.context", self.context)],
        )


def _bounded(schema: str) -> str | None:
    return schema if len(schema) <= _SCHEMA_BYTES else None
