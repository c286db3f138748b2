"""Arrays in one file, each with its own seal: they are read one by one, all are too many."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from dags.errors import AlteredError
from dags.staging.run_folder import Staging
from dags.staging.store import faults_named

Array = np.ndarray[Any, Any]


def write_arrays(staging: Staging, file: str, arrays: Mapping[str, Array]) -> dict[str, str]:
    """Write arrays by name; returns the seal of each."""
    stored = io.BytesIO()
    np.savez(stored, **arrays)  # type: ignore[arg-type]
    with staging.sealing(file) as sink:
        sink.write(stored.getbuffer())
    return {name: _seal(array) for name, array in arrays.items()}


def read_array(staging: Staging, file: str, name: str, seal: str) -> Array:
    """One of the arrays; raises AlteredError when it is not there, or not what was sealed."""
    path = staging.root / file
    try:
        with faults_named(staging.root), path.open("rb") as source, np.load(source) as stored:
            array: Array = stored[name]
    except (FileNotFoundError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
        array = np.array([])
    if _seal(array) != seal:
        raise AlteredError(
            f"the array {name} in {path} is not what was written there: somebody removed or "
            "altered it. Clear extract_stock_data and everything after it to read the bars anew"
        )
    return array


def _seal(array: Array) -> str:
    form = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(form + np.ascontiguousarray(array).tobytes()).hexdigest()
