"""Ask the one process that knows Great Expectations.

A context mixes up the batches of several threads, importing it takes seconds, and a draft may take
the process down: so it lives in a process of its own, which is started again when it is gone.
"""

import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from gx.errors import DatasetError, GateError, SuiteError

_ROOT = Path(__file__).parents[3]
_WORK = "gx.web.suites.trial_work"
PATIENCE_S = 60.0


class WorkbenchError(GateError):
    """The question could not be answered; it may be asked again."""


class DraftError(GateError):
    """The draft makes Great Expectations fail; asking again does not help."""


class Workbench:
    """Answers questions one at a time; ``ask`` blocks, so call it in a thread."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self._one_at_a_time = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def warm(self) -> None:
        """Start the process, if it is not there, without waiting for it."""
        if self._one_at_a_time.acquire(blocking=False):
            try:
                self._running()
            finally:
                self._one_at_a_time.release()

    def ask(self, question: str, **arguments: object) -> Any:
        """The answer.

        Raises SuiteError or DatasetError for a refusal, DraftError for a draft that broke the
        question, and WorkbenchError when there is no answer.
        """
        if not self._one_at_a_time.acquire(timeout=self.patience_s):
            raise WorkbenchError("others are trying their drafts; try again in a minute")
        try:
            kind, answer = self._exchange(question, arguments)
        finally:
            self._one_at_a_time.release()
        if kind == "refused" and answer["faults"] is not None:
            raise DatasetError(answer["message"], answer["faults"])
        if kind == "refused":
            raise SuiteError(answer["message"], entry=answer["entry"], field=answer["field"])
        if kind == "failed":
            raise DraftError(f"the draft could not be tried: {answer}")
        return answer

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None

    def _exchange(self, question: str, arguments: dict[str, object]) -> tuple[str, Any]:
        connection = self._running()
        try:
            connection.send((question, arguments))
            if not connection.poll(self.patience_s):
                self.close()
                raise WorkbenchError(
                    f"this took more than {self.patience_s:g} s and was stopped; try fewer bars"
                )
            kind, answer = connection.recv()
        except (EOFError, ConnectionError):
            code = self._process.wait() if self._process else None
            self.close()
            raise WorkbenchError(
                f"the process that tries drafts ended (code {code}); it starts again when you try "
                "again"
            ) from None
        return str(kind), answer

    def _running(self) -> Connection:
        if self._process is None or self._connection is None or self._process.poll() is not None:
            self.close()
            ours, theirs = Pipe()
            self._process = subprocess.Popen(
                [sys.executable, "-m", _WORK, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            theirs.close()
            self._connection = ours
        return self._connection
