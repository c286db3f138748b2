"""The store that staging is in: a folder of it, and its faults told in our own words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from fsspec.config import conf  # type: ignore[import-untyped]

from dags.errors import StagingError, StagingLostError
from gx.atomic import replace_file

# Airflow takes seconds to import, and a command reads a run's folder without it.
if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    # On a disk a store's path works too, and takes 20 times longer.
    Place = Path | ObjectStoragePath

# In these a folder is only a part of a name; what lies above all folders is never made by a run.
BUCKETS = ("s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss")


@dataclass(frozen=True)
class Kept:
    """What is kept in a folder, and the setting that says where it is."""

    what: str
    setting: str


STAGING = Kept("the staging folder", "STAGING_URL")


def place_at(url: str) -> "Place":
    """The folder at ``url``: on this machine a Path."""
    if url.startswith("file://"):
        return Path(url.removeprefix("file://").rstrip("/"))
    return folder_at(url)


def folder_at(url: str) -> "ObjectStoragePath":
    """The folder at ``url``, as it is at this moment."""
    # Other machines write there as well: a kept listing would hide what they wrote.
    from airflow.sdk import ObjectStoragePath

    conf.setdefault(urlsplit(url).scheme, {})["use_listings_cache"] = False
    return ObjectStoragePath(url)


def entries(folder: "Place") -> "list[Place]":
    """What is in the folder."""
    return cast("list[Place]", list(folder.iterdir()))


def newest_folders(folder: "Place", most: int) -> "list[Place]":
    """The folders in it, the one written to last first; none of a store that has no folders."""
    if path := on_disk(folder):
        dated = [(entry.stat().st_mtime, path / entry.name) for entry in _folders_on_disk(path)]
        return [place for _, place in sorted(dated, reverse=True)[:most]]
    assert not isinstance(folder, Path)
    listed = folder.fs.ls(folder.path, detail=True)
    there = [entry for entry in listed if entry["type"] == "directory" and entry.get("mtime")]
    there.sort(key=lambda entry: entry["mtime"], reverse=True)
    return [folder / entry["name"].rstrip("/").rsplit("/", 1)[-1] for entry in there[:most]]


def _folders_on_disk(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as found:
        return [entry for entry in found if entry.is_dir()]


def on_disk(place: "Place") -> Path | None:
    """The path on this machine's disk; None of a store's."""
    if isinstance(place, Path):
        return place
    return Path(str(place.path)) if place.protocol == "file" else None


def write_whole(target: "Place", raw: bytes, *, durable: bool) -> None:
    """Write a file in one go; where it is ``durable`` it would then outlast a power cut."""
    if path := on_disk(target):
        replace_file(path, raw, durable=durable)
    else:  # a store shows a file once it is whole
        target.write_bytes(raw)


def make_folder(folder: "Place") -> None:
    """Make the folder where there are folders."""
    # The client of an S3 store would make a missing bucket, and so hide a mistyped name.
    if on_disk(folder) or getattr(folder, "protocol", "") not in BUCKETS:
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def faults_named(folder: "Place", kept: Kept = STAGING) -> Iterator[None]:
    """Raise StagingError or StagingLostError for what an S3 store refuses or does not answer.

    A file that is not there stays a FileNotFoundError, and a disk's faults stay what they are.
    """
    try:
        yield
    except Exception as error:
        cause = error if _is_botocore(error) else error.__cause__
        if cause is None or not _is_botocore(cause) or isinstance(error, StagingError):
            raise
        named = _as_staging_error(folder, cause, kept)
        if named is None:
            raise
        raise named from None


def _as_staging_error(folder: "Place", cause: BaseException, kept: Kept) -> StagingError | None:
    bucket = getattr(folder, "path", "").lstrip("/").partition("/")[0]
    reason = str(cause).strip().partition("\n")[0]
    answer = getattr(cause, "response", {})
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return StagingError(
            f"the bucket {bucket!r} of {kept.what} {folder} is not there ({reason}); "
            f"make it, or correct {kept.setting}"
        )
    if status == 404:
        return None
    if status in (400, 401, 403) or "Credentials" in type(cause).__name__:
        return StagingError(
            f"the store of {kept.what} {folder} refuses these keys ({reason}); correct "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what they may do there"
        )
    return StagingLostError(
        f"the store of {kept.what} {folder} cannot be used now ({reason}); see that it "
        "runs, has room, and is what AWS_ENDPOINT_URL_S3 names; a retry goes on from there"
    )


def _is_botocore(error: BaseException) -> bool:
    return any(
        kind.__module__.partition(".")[0] in ("botocore", "aiobotocore", "aiohttp")
        for kind in type(error).__mro__
    )
