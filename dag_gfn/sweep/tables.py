"""Tables as files, each named by its content, so that workers on any machine read the same one."""

import hashlib
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dag_gfn import files
from dag_gfn.data import Dataset
from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import StorageError

_ARRAYS = ("values", "means", "scales", "intervened", "weights", "true_graph")
_TEXTS = ("names", "kinds", "cardinalities", "states", "notes", "groups", "moments_only", "contexts", "lags")
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


def fingerprint(data: Dataset) -> str:
    """Return 16 hexadecimal digits that stand for the content of a table: its cells, names, kinds and the rest.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep.tables import fingerprint
    >>> one, same, other = (dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, x]])) for x in (8.0, 8.0, 9.0))
    >>> fingerprint(one) == fingerprint(same), fingerprint(one) == fingerprint(other)
    (True, False)
    """
    content = hashlib.sha256()
    for name in _ARRAYS:
        array = getattr(data, name)
        if array is not None:
            content.update(f"{name} {array.dtype} {array.shape}".encode())
            content.update(np.ascontiguousarray(array).tobytes())
    content.update(_described(data).encode())
    return content.hexdigest()[:16]


def write_table(data: Dataset, folder: Path) -> str:
    """Write a table into a folder unless it is there, and return its fingerprint, which names the file.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep.tables import read_table, write_table
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]), ["rain", "wet"])
    >>> name = write_table(data, Path("tables"))
    >>> read_table(Path("tables"), name).names
    ('rain', 'wet')
    """
    name = fingerprint(data)
    path = folder / f"{name}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {key: getattr(data, key) for key in _ARRAYS if getattr(data, key) is not None}
        with files.replacing(path) as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, described=np.array(_described(data)), **arrays)
    return name


def read_table(folder: Path, name: str) -> Dataset:
    """Return the table that `write_table` wrote.

    Raises
    ------
    StorageError
        If it is not there, damaged, or not what its name says.

    Examples
    --------
    See `write_table`.
    """
    path = folder / f"{name}.npz"
    if not path.is_file():
        raise StorageError(f"the table '{path}' of the sweep is missing: plan the sweep again")
    try:
        with np.load(path, allow_pickle=False) as stored:
            described: dict[str, Any] = json.loads(str(stored["described"]))
            arrays = {key: stored[key] for key in _ARRAYS if key in stored}
        roles = tuple(ColumnRole(**role) for role in described.pop("roles"))
        data = Dataset(**arrays, **{key: _tuples(value) for key, value in described.items()}, roles=roles)
    except _UNREADABLE as error:
        raise StorageError(f"the table '{path}' of the sweep is damaged: plan the sweep again") from error
    if fingerprint(data) != name:
        raise StorageError(f"the table '{path}' of the sweep has been changed: plan the sweep again")
    return data


def _described(data: Dataset) -> str:
    """Return all of a table but its arrays as JSON."""
    texts = {name: getattr(data, name) for name in _TEXTS}
    return json.dumps({**texts, "roles": [asdict(role) for role in data.roles]}, ensure_ascii=False)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
