"""A folder of files in any store that Airflow can reach, read and written as they are."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from dags.errors import AlteredError, StagingError
from dags.staging.layout import STEPS
from dags.staging.records import Records, StepRecord, read_record
from dags.staging.seals import SealingSink, unseal
from dags.staging.store import faults_named, folder_at, make_folder, write_whole

# Airflow parses the DAG file again and again: what reads rows is imported by the steps that do.
if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dags.staging.store import Place

# A reader holds what was written together: some 15 MB of failing bars.
ROWS_TOGETHER = 250_000


class Folder:
    """Files below a path or URL, as they lie there: nobody vouches for what is read."""

    def __init__(self, place: "str | Place") -> None:
        self.root: Place = folder_at(place) if isinstance(place, str) else place

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

    def write_json(self, name: str, document: object) -> None:
        """Write a JSON file in one go."""
        self.write_text(name, json.dumps(document, indent=1, default=str))

    def read_json(self, name: str, seal: str | None = None) -> Any:
        """Read a JSON file; raises AlteredError when it is no JSON, and as `read_bytes` does."""
        text = self.read_text(name, seal)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise AlteredError(self._unusable(name, f"is no JSON ({error})")) from None

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file in one go: a full disk or a killed step leaves no half of it."""
        raw = text.encode()
        with faults_named(self.root):
            write_whole(self.root / name, raw, durable=False)

    def read_text(self, name: str, seal: str | None = None) -> str:
        """Read a UTF-8 text file; raises AlteredError as `read_bytes` does."""
        try:
            return self.read_bytes(name, seal).decode()
        except UnicodeDecodeError as error:
            raise AlteredError(self._unusable(name, f"is no text ({error})")) from None

    def read_bytes(self, name: str, seal: str | None = None) -> bytes:
        """Read a file; raises AlteredError when it is not there, or not what was sealed."""
        content = self._content(name)
        if content is None:
            raise AlteredError(self._unusable(name, "is not there"))
        if seal is not None:
            unseal(content, seal, str(self.root / name))
        return content

    @contextmanager
    def sealing(self, name: str) -> Iterator[SealingSink]:
        """A file to write to, which knows its seal."""
        with faults_named(self.root), (self.root / name).open("wb") as sink:
            yield SealingSink(sink)

    def write_frame(self, name: str, frame: "pd.DataFrame") -> None:
        """Write a frame as Parquet."""
        import pyarrow as pa

        self.write_table(name, pa.Table.from_pandas(frame, preserve_index=False))

    def write_table(self, name: str, table: "pa.Table") -> None:
        """Write an Arrow table as Parquet."""
        import pyarrow.parquet as pq

        with self.sealing(name) as sink:
            pq.write_table(table, sink, row_group_size=ROWS_TOGETHER)

    def read_table(
        self, name: str, seal: str | None = None, columns: Sequence[str] | None = None
    ) -> "pa.Table":
        """Read a Parquet file, or some columns of it, as an Arrow table.

        Raises AlteredError when it is no Parquet, and as `read_bytes` does.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = None if columns is None else list(columns)
        try:
            return pq.read_table(pa.BufferReader(self.read_bytes(name, seal)), columns=wanted)
        except pa.ArrowInvalid as error:
            raise AlteredError(self._unusable(name, f"is no Parquet file ({error})")) from None

    def find_json(self, name: str) -> Any:
        """A JSON file; None where it is not there, or is being written or removed just now."""
        try:
            return self.read_json(name)
        except AlteredError:
            return None

    def find_text(self, name: str) -> str | None:
        """A UTF-8 text file; None when it is not there."""
        content = self._content(name)
        return None if content is None else content.decode()

    def unverified_records(self) -> Records:
        """What the steps say of themselves, whether or not they have signed it: to be shown."""
        said = ((step, self.unverified_record(step)) for step in STEPS)
        return Records({step: record for step, record in said if record})

    def unverified_record(self, step: str) -> StepRecord | None:
        """The same of one step; None when it has not begun, or is just being written."""
        try:
            return read_record(step, self.read_json(f"steps/{step}.json"))
        except (AlteredError, ValueError):
            return None

    def open(self, name: str) -> BinaryIO:
        """A file to read from; raises FileNotFoundError."""
        source: BinaryIO = (self.root / name).open("rb")
        return source

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with faults_named(self.root):
            (self.root / name).unlink(missing_ok=True)

    def _content(self, name: str) -> bytes | None:
        """What is in a file; None when it is not there."""
        try:
            with faults_named(self.root), (self.root / name).open("rb") as source:
                return bytes(source.read())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _unusable(self, name: str, what: str) -> str:
        return (
            f"{self.root / name} {what}, though an earlier step has left it: somebody removed or "
            "altered it. Clear extract_stock_data and everything after it to read the bars anew"
        )
