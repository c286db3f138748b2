"""What a file holds when it is unpacked: told by its first bytes, whatever its name says."""

import bz2
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import pyarrow as pa

from gx.errors import BarFileError

_PACKED = {".gz", ".bz2", ".zip", ".zst", ".zstd"}
_PACKERS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What an archive that is a workbook has among its members: xlsx and xlsb, or ods.
_WORKBOOK = ("[Content_Types].xml", "content.xml")
_FOREIGN = {
    b"ARROW1": "a Feather file",
    b"FEA1": "a Feather file",
    b"ORC": "an ORC file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "a database of SQLite",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"%PDF": "a PDF",
}
DEEPEST = 3
_SOMETHING = re.compile(rb"[^\0 \t\r\n\xef\xbb\xbf\xff\xfe]")


@dataclass(frozen=True)
class Content:
    """The bytes of one file of bars; ``name`` is what messages call it.

    ``stem`` is its name without suffixes; ``packed`` says what it was unpacked from.
    """

    name: str
    stem: str
    suffix: str
    data: bytes
    packed: tuple[str, ...] = ()

    @property
    def is_parquet(self) -> bool:
        """By its first bytes, or by a name that says so."""
        return self.data[:4] == b"PAR1" or self.suffix in (".parquet", ".pq")

    @property
    def foreign(self) -> str:
        """What it is where that is never read, by its first bytes; else empty."""
        return next((name for sign, name in _FOREIGN.items() if self.data.startswith(sign)), "")

    @property
    def is_workbook(self) -> bool:
        """Whether it is one of Excel, or of a spreadsheet like it."""
        return self.data[:8] == _OLD_EXCEL or _is_archive(self.data, workbook=True)


def contents(path: Path) -> list[Content]:
    """What a file holds: itself, what is packed in it, or each member of an archive.

    Raises BarFileError for a file that is not there, is empty, or cannot be unpacked.
    """
    if path.is_dir():
        raise BarFileError(f"{path}: is a folder; name the files in it")
    if not path.is_file():
        raise BarFileError(f"{path}: there is no such file")
    named = PurePath(path.name)
    found = Content(str(path), _stem(named), named.suffix.lower(), path.read_bytes())
    return list(_unpacked(found, 0))


def _unpacked(content: Content, depth: int) -> Iterator[Content]:
    if _SOMETHING.search(content.data) is None:
        raise BarFileError(f"{content.name}: is empty")
    packer = next((name for magic, name in _PACKERS.items() if content.data.startswith(magic)), "")
    if not packer and not _is_archive(content.data, workbook=False):
        yield content
        return
    if depth == DEEPEST:
        raise BarFileError(f"{content.name}: is packed more than {DEEPEST} times")
    if packer:
        yield from _unpacked(_unpack(content, packer), depth + 1)
        return
    for member in _members(content):
        yield from _unpacked(member, depth + 1)


def _unpack(content: Content, packer: str) -> Content:
    unpack: Callable[[bytes], bytes] = {
        "gzip": gzip.decompress,
        "bz2": bz2.decompress,
        "zstd": _zstd,
    }[packer]
    try:
        data = unpack(content.data)
    except (OSError, EOFError, ValueError, zlib.error, pa.ArrowException) as error:
        raise BarFileError(
            f"{content.name}: its {packer} data cannot be unpacked ({error}); fetch it anew"
        ) from None
    inner = PurePath(PurePath(content.name).name)
    inner = PurePath(inner.stem) if inner.suffix.lower() in _PACKED else inner
    packed = (*content.packed, packer)
    return Content(content.name, content.stem, inner.suffix.lower(), data, packed)


def _zstd(data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return bytes(stream.read())


def _members(content: Content) -> Iterator[Content]:
    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            names = [one for one in sorted(archive.namelist()) if _counts(one)]
            members = [(name, archive.read(name)) for name in names]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, OSError) as error:
        raise BarFileError(f"{content.name}: cannot be unpacked ({error})") from None
    if not members:
        raise BarFileError(f"{content.name}: holds no file")
    for name, data in members:
        called = f"{content.name}:{name}" if len(members) > 1 else content.name
        inner = PurePath(PurePath(name).name)
        packed = (*content.packed, "zip")
        yield Content(called, _stem(inner), inner.suffix.lower(), data, packed)


def _counts(member: str) -> bool:
    """Not a folder, and not what macOS and others leave beside files."""
    path = PurePath(member)
    return not member.endswith("/") and not any(
        part == "__MACOSX" or part.startswith(".") for part in path.parts
    )


def _is_archive(data: bytes, *, workbook: bool) -> bool:
    if data[:4] != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return not workbook  # unpacking it says what is wrong
    return any(name in names for name in _WORKBOOK) is workbook


def _stem(name: PurePath) -> str:
    while name.suffix.lower() in _PACKED:
        name = PurePath(name.stem)
    return name.stem
