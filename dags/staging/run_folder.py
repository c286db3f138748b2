"""The run's folder: what one step leaves for the next, and that nobody else has left it.

Whoever can write to the folder can alter a file and the seal that lies beside it. So each step's
record names the seals of the files that the step wrote, and is signed with a key that is never in
the folder. It also names the attempts that it builds on: what an earlier attempt left does not
count.
"""

import errno
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from dags.errors import AlteredError, NothingDue, Superseded
from dags.staging.cleaning import drop_bars
from dags.staging.files import Folder
from dags.staging.layout import STEPS, WRITTEN_BY, run_folder
from dags.staging.records import Found, Records, Status, StepRecord, read_record
from dags.staging.seals import SealingSink, Signer, seal_of
from dags.staging.store import faults_named

# How a step is recorded that ended by one of these; by any other it failed.
ENDED_AS: dict[type[BaseException], Status] = {Superseded: "superseded", NothingDue: "skipped"}
# Whose attempt a step builds on: in its own folder and, for a partition's step, in the run's.
BUILDS_ON = {"validate": "extract", "transform": "validate", "publish": "validate"}
OF_RUN = {"extract": "extract", "transform": "validate", "publish": "validate"}


class Staging(Folder):
    """Files of one DAG run under ``url``/dag_id/run_id, or of one of its partitions below.

    ``run_attempts`` is of a partition: the attempts of the run's own steps, by step.
    """

    def __init__(
        self, path: str, signer: Signer, run_attempts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(path)
        self._signer, self._run_attempts = signer, run_attempts
        self._writing: dict[str, str] | None = None  # the seals of the step that is under way

    @classmethod
    def of_run(cls, url: str, dag_id: str, run_id: str, keys: tuple[bytes, ...]) -> "Staging":
        """The folder of a run; its name is the run's id made safe for any file system."""
        return cls(run_folder(url, dag_id, run_id), Signer(keys, (dag_id, run_id)))

    def part(self, path: str, attempts: Mapping[str, str]) -> "Staging":
        """A partition's folder, at ``path`` below this one."""
        return Staging(f"{self.root}/{path}", self._signer.below(path), attempts)

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file in one go; the step under way seals it."""
        super().write_text(name, text)
        self._note(name, seal_of(text.encode()))

    @contextmanager
    def sealing(self, name: str) -> Iterator[SealingSink]:
        """A file to write to; the step under way seals it."""
        with super().sealing(name) as sink:
            yield sink
        self._note(name, sink.seal())

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and its seal."""
        super().remove(name)
        if self._writing is not None:
            self._writing.pop(name, None)

    def read_bytes(self, name: str, seal: str | None = None) -> bytes:
        """Read a file as the step that writes it has left it; raises AlteredError for any other.

        ``seal`` is what `seals` says of it, for those who have asked already.
        """
        return super().read_bytes(name, seal or self._sealed_as(name))

    def seals(self) -> dict[str, str]:
        """The seals of all files that steps have written here, by name."""
        return self.records().seals

    def records(self) -> Records:
        """What each step that has begun said of itself, by step.

        What builds on another attempt than the one that is there is left out. Raises AlteredError
        for a record that no step of this run has written.
        """
        found = Records()
        for step in STEPS:
            record = self._signed(step)
            if record is not None and record.on == self._builds_on(step, found):
                found[step] = record
        return found

    def record(self, step: str) -> StepRecord:
        """What a step said of itself; raises AlteredError when it is not there."""
        record = self.records().get(step)
        if record is None:
            name = f"steps/{step}.json"
            old = "is of an earlier attempt" if self.exists(name) else "is not there"
            raise AlteredError(self._unusable(name, old))
        return record

    def finished(self, step: str) -> StepRecord:
        """What a step that came to its end said of itself; raises AlteredError for any other."""
        record = self.record(step)
        if record.status != "success":
            raise AlteredError(
                f"the step {step} of {self.root} has not come to its end (its status is "
                f"{record.status}), so nothing may build on it; clear its task and "
                "everything after it"
            )
        return record

    def found(self, kind: type[Found]) -> Found:
        """What a step that came to its end found; raises AlteredError as `finished` does."""
        found = self.finished(kind.step).of(kind)
        assert found is not None, f"{self.root}: {kind.step} ended without what it found"
        return found

    def write_record(self, step: str, record: StepRecord) -> None:
        """Write what a step says of itself; one that had none yet begins its attempt here."""
        if not record.attempt:
            on = self._builds_on(step, self.records())
            record = record.model_copy(update={"attempt": _attempt(), "on": on})
        plain = record.to_json()
        self.write_json(
            f"steps/{step}.json", {**plain, "signature": self._signer.sign(step, plain)}
        )

    def amend(
        self, step: str, changed: Mapping[str, object], files: Mapping[str, object] | None = None
    ) -> None:
        """Let a step that has ended say something else, and some of its JSON files with it."""
        record = self.finished(step)
        self._writing = dict(record.seals)
        try:
            for name, content in (files or {}).items():
                self.write_json(name, content)
            seals = self._writing
        finally:
            self._writing = None
        self.write_record(step, record.model_copy(update={**changed, "seals": seals}))

    @contextmanager
    def recorded(self, step: str) -> Iterator[StepRecord]:
        """Record a step: when it began, how long it took, what it found, how it failed.

        What an earlier try of this step and of the later ones left is removed first.
        """
        self._forget_from(step)
        record = StepRecord(started=datetime.now(UTC).isoformat(), attempt=_attempt())
        began = time.perf_counter()
        try:
            with faults_named(self.root):
                record.on = self._builds_on(step, self.records())
                self.write_record(step, record)
                self._writing = record.seals
                yield record
            record.status = "success"
        except BaseException as error:
            record.status = ENDED_AS.get(type(error), "failed")
            record.error = f"{type(error).__name__}: {_said(error)}{_advice(error)}"
            raise
        finally:
            self._writing = None
            record.seconds = round(time.perf_counter() - began, 3)
            self.write_record(step, record)

    def clean_others(self, *, keep_days: int) -> list[str]:
        """Drop the bars of this DAG's other runs that nobody wrote to for ``keep_days`` days.

        What was found about them stays. Returns the names of the folders that became smaller.
        """
        before = datetime.now(UTC) - timedelta(days=keep_days)
        with faults_named(self.root):
            return drop_bars(self.root.parent, spare=self.root.name, before=before)

    def _note(self, name: str, seal: str) -> None:
        if self._writing is not None and not name.startswith("steps/"):
            self._writing[name] = seal

    def _sealed_as(self, name: str) -> str:
        known = {**self.seals(), **(self._writing or {})}
        if name not in known:
            raise AlteredError(self._unusable(name, "has no seal"))
        return known[name]

    def _signed(self, step: str) -> StepRecord | None:
        """A step's record, without its signature; None when there is none."""
        name = f"steps/{step}.json"
        content = self._content(name)
        if content is None:
            return None
        try:
            document: object = json.loads(content)
        except ValueError as error:
            raise AlteredError(self._unusable(name, f"is no JSON ({error})")) from None
        said: dict[str, object] = document if isinstance(document, dict) else {}
        if not self._signer.has_signed(step, said, str(said.pop("signature", ""))):
            raise AlteredError(
                f"{self.root / name} is not what this run has written there: somebody altered it, "
                "an older version wrote it, or SEAL_KEY is not the same on all workers. Clear "
                "extract_stock_data and everything after it to read the bars anew"
            )
        return read_record(step, said)

    def _builds_on(self, step: str, found: Records) -> dict[str, str | None]:
        """The attempts that a record of this step is to build on, if it is made now."""
        before = BUILDS_ON.get(step)
        on: dict[str, str | None] = {}
        if before is not None:
            on[before] = found[before].attempt if before in found else None
        if self._run_attempts is not None and step in OF_RUN:
            on["run"] = self._run_attempts.get(OF_RUN[step])
        return on

    def _forget_from(self, step: str) -> None:
        """Evidence of two tries must never mix: a run that failed would look published."""
        for later in STEPS[STEPS.index(step) :]:
            for name in (f"steps/{later}.json", *WRITTEN_BY.get(later, ())):
                self.remove(name)


def _attempt() -> str:
    return secrets.token_hex(8)


def _said(error: BaseException) -> str:
    """What went wrong; of the database's own words the first line, without the statement."""
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError) and error.orig is not None:
        return str(error.orig).strip().partition("\n")[0]
    return str(error)


def _advice(error: BaseException) -> str:
    """What to do where the disk alone is at fault, which does not say which one it is."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return (
            "; see that there is room, and that it can be written, where STAGING_URL and "
            "RESULTS_DIR are; a retry goes on from there"
        )
    return ""
