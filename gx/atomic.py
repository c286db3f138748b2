"""Write a file as a whole: a reader sees the old one or the new one, also after a power cut."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, raw: bytes, *, durable: bool = True, mode: int | None = None) -> None:
    """Put ``raw`` in the place of ``path``, which keeps its mode; returns once the disk has it.

    With a ``mode`` the file has that one, from its first moment.

    Not ``durable``, it may be gone after a power cut, and takes half the time: for what a run can
    make again. Raises OSError; the old file is untouched then.
    """
    with _written_beside(path, raw, durable=durable, mode=mode) as draft:
        draft.replace(path)
        if durable:
            _sync_folder(path.parent)


def create_file(path: Path, raw: bytes) -> None:
    """Write a file that is not there yet; raises FileExistsError, and OSError as above."""
    with _written_beside(path, raw) as draft:
        os.link(draft, path)  # unlike a rename it never takes the place of another's file
        _sync_folder(path.parent)


def create_files(files: Mapping[Path, bytes]) -> None:
    """Write files that are not there yet, in this order: all of them or none.

    Raises FileExistsError that names the first one which is there, and OSError; none of them is
    there then that was not there before.
    """
    for path in files:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with ExitStack() as made:
        for path, raw in files.items():
            create_file(path, raw)
            made.callback(path.unlink, missing_ok=True)
        made.pop_all()


def rename_file(path: Path, target: Path) -> None:
    """Give a file another name in its folder; returns once the disk has it."""
    path.replace(target)
    _sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Take a file away; returns once the disk knows."""
    path.unlink()
    _sync_folder(path.parent)


def remove_drafts(path: Path) -> None:
    """Remove what writers of ``path`` left that were killed; nobody may be writing it."""
    for draft in path.parent.glob(f".{path.name}.*.new"):
        draft.unlink(missing_ok=True)


@contextmanager
def _written_beside(
    path: Path, raw: bytes, *, durable: bool = True, mode: int | None = None
) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    try:
        opened = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode
        )
        with os.fdopen(opened, "wb") as sink:
            if mode is None:
                with suppress(FileNotFoundError):  # a new file gets the mode that others get here
                    os.fchmod(sink.fileno(), path.stat().st_mode & 0o777)
            sink.write(raw)
            sink.flush()
            if durable:
                os.fsync(sink.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
