"""A real S3 server for tests: rclone on a folder, where the objects can be looked at as files."""

import os
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dags.local.desk.processes.leash import end_with_parent
from tests.desk import free_ports

KEY, SECRET = "gate-key", "gate-secret-of-the-test"
BUCKET = "gate"
RCLONE = Path(sysconfig.get_path("scripts")) / "rclone"
READY_SECONDS = 30.0
SEEN_SECONDS = 1.0


@dataclass
class S3Server:
    """The server on ``folder``, of which every folder is a bucket; it can stop and come back."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def bucket(self) -> Path:
        """The objects of the tests' bucket."""
        return self.folder / BUCKET

    @property
    def environment(self) -> Mapping[str, str]:
        """What boto3 and s3fs read, as in a deployment."""
        return {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }

    def start(self) -> None:
        """Start, or come back, on the same port with the same objects."""
        command = [str(RCLONE), "serve", "s3", str(self.folder), "--config", os.devnull]
        command += ["--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{SECRET}"]
        # What a test does behind the server's back is seen within this time (with 0 it hangs).
        command += ["--dir-cache-time", f"{SEEN_SECONDS:.0f}s"]
        with (self.folder.parent / "s3.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, preexec_fn=end_with_parent
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.folder.parent / "s3.log").read_text()
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """Be gone at once, as when the machine loses its power."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True  # it asks for a key
        except OSError:
            return False
        return True


@contextmanager
def s3_server(place: Path) -> Iterator[S3Server]:
    """A server with one empty bucket, its files and its log in ``place``."""
    server = S3Server(place / "s3")
    server.bucket.mkdir(parents=True)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def used_here(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The server, which answers, with its keys in this process's environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    # A store that is gone is found out sooner: nothing else is different.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    if server.process is None:
        server.start()
    forget_connections()
    yield server
    forget_connections()


def forget_connections() -> None:
    """Let the next path connect anew: connections are kept with the keys they were opened with."""
    from airflow.sdk.io import store
    from s3fs import S3FileSystem

    store._STORE_CACHE.clear()
    S3FileSystem.clear_instance_cache()
