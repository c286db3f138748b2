"""The run's folder: what one step leaves for the next, as files."""

import errno
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dags.cleaning import drop_bars
from dags.errors import AlteredError, NothingDue, StagingError, Superseded
from dags.layout import STEPS, WRITTEN_BY, safe_name
from dags.sealed import SealingSink, seal_of, unseal
from dags.store import faults_named, folder_at, make_folder
from gx.atomic import replace_file

# Airflow parses the DAG file again and again: what reads rows is imported by the steps that do.
if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# A reader holds what was written together: some 15 MB of failing bars.
ROWS_TOGETHER = 250_000


# How a step is recorded that ended by one of these; by any other it failed.
ENDED_AS: dict[type[BaseException], str] = {Superseded: "superseded", NothingDue: "skipped"}


class Staging:
    """Files of one DAG run under ``url``/dag_id/run_id; any store that Airflow can reach."""

    def __init__(self, path: str) -> None:
        self.root = folder_at(path)

    @classmethod
    def of_run(cls, url: str, dag_id: str, run_id: str) -> "Staging":
        """The folder of a run; its name is the run's id made safe for any file system."""
        return cls(f"{url.rstrip('/')}/{dag_id}/{safe_name(run_id)}")

    def __str__(self) -> str:
        return str(self.root)

    def prepare(self) -> None:
        """Make the folder and try to write in it; raises StagingError when that fails."""
        try:
            with faults_named(self.root):
                make_folder(self.root / "steps")
                (self.root / "steps" / ".probe").write_text("")
                (self.root / "steps" / ".probe").unlink()
        except OSError as error:
            raise StagingError(
                f"the staging folder {self.root} cannot be written ({error}); "
                "set STAGING_URL to one that can, or mend its permissions"
            ) from error

    def exists(self, name: str) -> bool:
        """Is there a file of this name?"""
        with faults_named(self.root):
            return bool((self.root / name).exists())

    def write_json(self, name: str, document: Any) -> str:
        """Write a JSON file in one go; returns its seal."""
        return self.write_text(name, json.dumps(document, indent=1, default=str))

    def read_json(self, name: str, seal: str | None = None) -> Any:
        """Read a JSON file; raises AlteredError when it is not there, no JSON, or not sealed so."""
        text = self.read_text(name, seal)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise AlteredError(self._unusable(name, f"is no JSON ({error})")) from None

    def write_text(self, name: str, text: str) -> str:
        """Write a UTF-8 text file in one go: a full disk or a killed step leaves no half of it.

        Returns its seal.
        """
        raw = text.encode()
        with faults_named(self.root):
            target = self.root / name
            if target.protocol == "file":
                replace_file(Path(target.path), raw, settled=False)
            else:  # a store shows a file once it is whole
                target.write_bytes(raw)
        return seal_of(raw)

    def read_text(self, name: str, seal: str | None = None) -> str:
        """Read a UTF-8 text file; raises AlteredError as `read_bytes` does."""
        try:
            return self.read_bytes(name, seal).decode()
        except UnicodeDecodeError as error:
            raise AlteredError(self._unusable(name, f"is no text ({error})")) from None

    def read_bytes(self, name: str, seal: str | None = None) -> bytes:
        """Read a file; raises AlteredError when it is not there, or not what was sealed."""
        try:
            with faults_named(self.root), (self.root / name).open("rb") as source:
                content = bytes(source.read())
        except FileNotFoundError:
            raise AlteredError(self._unusable(name, "is not there")) from None
        if seal is not None:
            unseal(content, seal, str(self.root / name))
        return content

    def _unusable(self, name: str, what: str) -> str:
        return (
            f"{self.root / name} {what}, though an earlier step has left it: somebody removed or "
            "altered it. Clear extract_stock_data and everything after it to read the bars anew"
        )

    @contextmanager
    def sealing(self, name: str) -> Iterator[SealingSink]:
        """A file to write to, which knows its seal."""
        with faults_named(self.root), (self.root / name).open("wb") as sink:
            yield SealingSink(sink)

    def write_frame(self, name: str, frame: "pd.DataFrame") -> str:
        """Write a frame as Parquet; returns the file's seal."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self.sealing(name) as sink:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(table, sink, row_group_size=ROWS_TOGETHER)
        return sink.seal()

    def read_table(
        self, name: str, seal: str | None = None, columns: Sequence[str] | None = None
    ) -> "pa.Table":
        """Read a Parquet file, or some columns of it, as an Arrow table.

        Raises AlteredError when it is not there, no Parquet, or not what was sealed.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = None if columns is None else list(columns)
        try:
            return pq.read_table(pa.BufferReader(self.read_bytes(name, seal)), columns=wanted)
        except pa.ArrowInvalid as error:
            raise AlteredError(self._unusable(name, f"is no Parquet file ({error})")) from None

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with faults_named(self.root):
            (self.root / name).unlink(missing_ok=True)

    def records(self) -> dict[str, dict[str, Any]]:
        """What each step that has begun said of itself, by step."""
        names = [step for step in STEPS if self.exists(f"steps/{step}.json")]
        return {step: self.read_json(f"steps/{step}.json") for step in names}

    def finished(self, step: str) -> dict[str, Any]:
        """What a step that came to its end said of itself; raises AlteredError for any other."""
        record: dict[str, Any] = self.read_json(f"steps/{step}.json")
        if record.get("status") != "success":
            raise AlteredError(
                f"the step {step} of {self.root} has not come to its end (its status is "
                f"{record.get('status')}), so nothing may build on it; clear its task and "
                "everything after it"
            )
        return record

    @contextmanager
    def recorded(self, step: str) -> Iterator[dict[str, Any]]:
        """Record a step: when it began, how long it took, what it found, how it failed.

        What an earlier try of this step and of the later ones left is removed first.
        """
        self._forget_from(step)
        record: dict[str, Any] = {"status": "running", "started": datetime.now(UTC).isoformat()}
        self.write_json(f"steps/{step}.json", record)
        began = time.perf_counter()
        try:
            with faults_named(self.root):
                yield record
            record["status"] = "success"
        except BaseException as error:
            record["status"] = ENDED_AS.get(type(error), "failed")
            record["error"] = f"{type(error).__name__}: {error}{_advice(error)}"
            raise
        finally:
            record["seconds"] = round(time.perf_counter() - began, 3)
            self.write_json(f"steps/{step}.json", record)

    def _forget_from(self, step: str) -> None:
        """Evidence of two tries must never mix: a run that failed would look published."""
        for later in STEPS[STEPS.index(step) :]:
            for name in (f"steps/{later}.json", *WRITTEN_BY.get(later, ())):
                self.remove(name)

    def clean_others(self, *, keep_days: int) -> list[str]:
        """Drop the bars of this DAG's other runs that nobody wrote to for ``keep_days`` days.

        What was found about them stays. Returns the names of the folders that became smaller.
        """
        before = datetime.now(UTC) - timedelta(days=keep_days)
        with faults_named(self.root):
            return drop_bars(self.root.parent, spare=self.root.name, before=before)


def _advice(error: BaseException) -> str:
    """What to do where the disk alone is at fault, which does not say which one it is."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return (
            "; see that there is room, and that it can be written, where STAGING_URL and "
            "RESULTS_DIR are; a retry goes on from there"
        )
    return ""
