"""A posterior as a folder of plain files, complete or absent.

- `posterior.npz`: arrays, no pickle: bit-packed graphs, weights, scores; marginals and statistics by prefix.
- `posterior.json`: `posterior.info`, plus the version of this format.
- `edges.csv`: source, target, probability (source → target) of all ordered pairs, at full precision.
- `sampler.safetensors`, where it was asked for: the trained sampler (`SAMPLER`), which `dag_gfn.load` gives back.
- `graphs.csv`: the most probable graphs: rank, probability, score, edges, odds relative to the first. Empty fields are
  not known.

Equal posteriors give equal bytes. Wall times belong under `info["timing"]` and nowhere else.
"""

import contextlib
import json
import lzma
import math
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np

from dag_gfn import files
from dag_gfn.errors import StorageError, StorageWarning, shortened
from dag_gfn.posterior.marginal import Marginal, Source
from dag_gfn.posterior.posterior import GraphPosterior
from dag_gfn.posterior.ranking import ranked_graphs
from dag_gfn.posterior.sampler import StorableSampler
from dag_gfn.posterior.schema import check_info
from dag_gfn.posterior.stored_arrays import read_arrays

FORMAT_VERSION = 1
SAMPLER = "sampler.safetensors"
"""The file of the trained sampler."""
FILES = ("edges.csv", "graphs.csv", "posterior.json", "posterior.npz", "report.html", SAMPLER)
"""What a posterior folder may hold, beside what its own record (`files` in posterior.json) names."""
MAX_INFO_BYTES = 50_000_000
_SOURCES: dict[str, Source] = {source: source for source in get_args(Source)}
_CORRUPT = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
    *(MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
"""What the readers of zip, npy and JSON raise on files that are not what they seem."""


def save_posterior(
    posterior: GraphPosterior,
    folder: str | os.PathLike[str],
    overwrite: bool = False,
    *,
    num_graphs: int = 100,
    pages: Mapping[str, str] | None = None,
) -> None:
    """Write `posterior` into `folder`, which appears complete or not at all.

    Parameters
    ----------
    posterior : GraphPosterior
    folder : path
        Its parents are created.
    overwrite : bool
        Replace an existing posterior folder (or an empty one), once the new one is complete.
    num_graphs : int
        Length of graphs.csv; posterior.npz holds all graphs in any case.
    pages : mapping of str to str, optional
        Names and texts of files to stand beside the four.

    Raises
    ------
    StorageError
        If the folder exists and may not be replaced, or writing fails.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from pathlib import Path
    >>> from dag_gfn.posterior.storage import save_posterior
    >>> save_posterior(posterior, "saved", num_graphs=1)
    >>> Path("saved/edges.csv").read_text().splitlines()[0]
    'source,target,probability'
    """
    target = Path(os.path.realpath(folder))
    require_replaceable(target, overwrite)
    try:
        with files.unfinished_folder(target) as unfinished:
            write_files(posterior, unfinished, num_graphs=num_graphs, pages=pages)
            kept = files.place(unfinished, target, known=own_files(target))
    except OSError as error:
        raise StorageError(f"cannot write '{target}': {error.strerror or error}") from error
    if kept is not None:
        warnings.warn(
            f"'{target}' is replaced; files in it that dag_gfn did not write are in '{kept}' now",
            StorageWarning,
            stacklevel=2,
        )


def write_files(
    posterior: GraphPosterior,
    folder: Path,
    *,
    num_graphs: int = 100,
    pages: Mapping[str, str] | None = None,
) -> None:
    """Write a posterior's four files, and pages beside them, into an existing folder, which may hold others.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from pathlib import Path
    >>> from dag_gfn.posterior.storage import write_files
    >>> Path("run").mkdir()
    >>> write_files(posterior, Path("run"))
    >>> sorted(path.name for path in Path("run").iterdir())
    ['edges.csv', 'graphs.csv', 'posterior.json', 'posterior.npz']
    """
    np.savez(folder / "posterior.npz", allow_pickle=False, **_arrays(posterior))
    if posterior.info.get("save_sampler") and isinstance(posterior.sampler, StorableSampler):
        posterior.sampler.save(folder / SAMPLER)
    pages = pages or {}
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    record = {} if set(pages) <= set(FILES) else {"files": sorted({*FILES, *pages})}
    text = json.dumps(
        {**posterior.info, **record, "format_version": FORMAT_VERSION},
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
    )
    (folder / "posterior.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    _write_csv(folder / "edges.csv", ("source", "target", "probability"), _edge_rows(posterior))
    _write_csv(
        folder / "graphs.csv",
        ("rank", "probability", "score", "edges", "odds"),
        _graph_rows(posterior, num_graphs),
    )


def load_posterior(folder: str | os.PathLike[str]) -> GraphPosterior:
    """Read a folder that `save_posterior` wrote.

    Everything that is read later, by whatever command, is checked here: types, shapes, ranges, and what belongs
    together. A folder that a kill left under another name is brought back first (`StorageWarning`).

    Raises
    ------
    StorageError
        If the folder or a file is missing, damaged, or written in a newer format.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.storage import load_posterior
    >>> posterior.save("loaded")
    >>> load_posterior("loaded").names
    ('rain', 'wet')
    """
    folder = Path(folder)
    recover(folder)
    if not folder.is_dir():
        raise StorageError(f"there is no folder '{folder}'")
    for name in ("posterior.json", "posterior.npz"):
        if not (folder / name).is_file():
            raise StorageError(f"'{folder}' is not a complete posterior folder: {name} is missing")
    info = _read_info(folder / "posterior.json")
    try:
        return _from_arrays(info, read_arrays(folder / "posterior.npz", len(info["names"])))
    except _CORRUPT as error:
        raise StorageError(f"'{folder / 'posterior.npz'}' is damaged: {shortened(str(error))}") from error


def recover(folder: Path) -> None:
    """Bring back a posterior folder that a kill has left under another name, and warn of it.

    Raises
    ------
    StorageError
        If that cannot be done.

    Warns
    -----
    StorageWarning
        If it was.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from pathlib import Path
    >>> from dag_gfn.posterior.storage import recover
    >>> posterior.save("whole")
    >>> recover(Path("whole"))  # nothing to do, and nothing to warn of
    """
    told = files.recover(Path(os.path.realpath(folder)), needed="posterior.json")
    if told is not None:
        warnings.warn(told, StorageWarning, stacklevel=3)


# --- the target folder ---


def require_replaceable(folder: Path, overwrite: bool) -> None:
    """Raise `StorageError` unless a posterior may be put there: nothing but what dag_gfn wrote is ever removed.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from pathlib import Path
    >>> from dag_gfn.posterior.storage import require_replaceable
    >>> posterior.save("there")
    >>> require_replaceable(Path("there"), overwrite=True)
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StorageError(
            f"'{folder}' exists and is not a posterior folder but a file or a broken link: choose another name"
        )
    held = {path.name for path in folder.iterdir()}
    if held and "posterior.json" not in held:
        raise StorageError(
            f"'{folder}' exists and is not a posterior folder (it has no posterior.json), so it is not replaced: "
            "choose another name"
        )
    if not overwrite:
        raise StorageError(
            f"'{folder}' exists already: choose another folder, or replace it with --overwrite (overwrite=True)"
        )
    others = files.strangers(folder, own_files(folder))
    if others:
        raise StorageError(
            f"'{folder}' holds what dag_gfn did not write ({listed(others)}), so it is not replaced: move that away, "
            "or choose another folder"
        )


def own_files(folder: Path) -> set[str]:
    """Return the names of files that dag_gfn writes in a posterior folder, those of its own record included.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.posterior.storage import own_files
    >>> sorted(own_files(Path("none")))[:2]  # those that every posterior may have
    ['edges.csv', 'graphs.csv']
    """
    record: Any = None
    with contextlib.suppress(*_CORRUPT):  # a damaged folder may be replaced, too
        record = json.loads(files.read_text(folder / "posterior.json", MAX_INFO_BYTES)).get("files")
    named = {name for name in record if isinstance(name, str)} if isinstance(record, list) else set()
    return {*FILES, *named}


def listed(names: list[str], most: int = 3) -> str:
    """Return some names of files, and how many more there are.

    Examples
    --------
    >>> from dag_gfn.posterior.storage import listed
    >>> listed(["a.txt", "b.txt", "c.txt", "d.txt"])
    "'a.txt', 'b.txt', 'c.txt' and 1 more"
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{shortened(name, 60)}'" for name in names[:most]) + more


# --- arrays ---


def _arrays(posterior: GraphPosterior) -> dict[str, np.ndarray]:
    arrays = {
        "graphs": np.packbits(posterior.graphs.reshape(len(posterior), -1), axis=1),
        "log_weights": posterior.log_weights,
        "log_scores": posterior.log_scores,
    }
    if len(posterior.best_graphs):
        arrays["best_graphs"] = np.packbits(
            posterior.best_graphs.reshape(len(posterior.best_graphs), -1), axis=1
        )
        arrays["best_log_scores"] = posterior.best_log_scores
    for name, marginal in posterior.marginals.items():
        arrays[f"marginals/{name}/values"] = marginal.values
        arrays[f"marginals/{name}/source"] = np.array(marginal.source)
        if marginal.standard_error is not None:
            arrays[f"marginals/{name}/standard_error"] = marginal.standard_error
    for name, statistic in posterior.statistics.items():
        arrays[f"statistics/{name}"] = statistic
    return arrays


def _from_arrays(info: dict[str, Any], arrays: dict[str, np.ndarray]) -> GraphPosterior:
    d = len(info["names"])
    bits = np.unpackbits(arrays["graphs"], axis=1, count=d * d)
    marginals = {}
    for key in arrays:
        if key.startswith("marginals/") and key.endswith("/values"):
            name = key.removeprefix("marginals/").removesuffix("/values")
            source = _SOURCES[str(arrays[f"marginals/{name}/source"])]
            marginals[name] = Marginal(arrays[key], source, arrays.get(f"marginals/{name}/standard_error"))
    best_graphs, best_log_scores = _best(info, arrays, d)
    return GraphPosterior(
        names=tuple(info["names"]),
        graphs=bits.astype(bool).reshape(-1, d, d),
        log_weights=arrays["log_weights"],
        log_scores=arrays["log_scores"],
        marginals=marginals,
        log_evidence=info["log_evidence"],
        info=info,
        best_graphs=best_graphs,
        best_log_scores=best_log_scores,
        statistics={
            key.removeprefix("statistics/"): value
            for key, value in arrays.items()
            if key.startswith("statistics/")
        },
    )


def _best(info: dict[str, Any], arrays: dict[str, np.ndarray], d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best graphs with their scores; older folders have one of them, in their info."""
    if "best_graphs" in arrays:
        bits = np.unpackbits(arrays["best_graphs"], axis=1, count=d * d)
        return bits.astype(bool).reshape(-1, d, d), arrays["best_log_scores"]
    best = info.get("best_graph")
    if best is None:
        return np.zeros((0, d, d), dtype=bool), np.zeros(0)
    index = {name: i for i, name in enumerate(info["names"])}
    adjacency = np.zeros((1, d, d), dtype=bool)
    for source, target in best["edges"]:
        adjacency[0, index[source], index[target]] = True
    return adjacency, np.array([best["log_score"]])


def _read_info(path: Path) -> dict[str, Any]:
    try:
        text = files.read_text(path, MAX_INFO_BYTES)
        try:
            info = json.loads(text, parse_constant=_refused, parse_float=_finite, parse_int=_integer)
        except RecursionError:
            raise ValueError("its lists are nested too deeply") from None
        if not isinstance(info, dict) or "format_version" not in info:
            raise ValueError("it has no format_version")
        version = info.pop("format_version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError(f"format_version is {shortened(version, 80)}")
        info.pop("files", None)
        if version <= FORMAT_VERSION:
            json.dumps(info, ensure_ascii=False).encode()  # half of a character has no bytes
            check_info(info)
    except _CORRUPT as error:
        raise StorageError(f"'{path}' is damaged or not from dag_gfn: {shortened(str(error))}") from error
    if version > FORMAT_VERSION:
        raise StorageError(
            f"'{path.parent}' has format {version}; this dag_gfn reads up to {FORMAT_VERSION}: upgrade it"
        )
    return info


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError(f"{shortened(number, 40)} is out of range")
    return float(number)


def _integer(number: str) -> int:
    if len(number) > 19 or abs(int(number)) >= 1 << 63:
        raise ValueError(f"{shortened(number, 40)} is out of range")
    return int(number)


# --- tables ---


def _edge_rows(posterior: GraphPosterior) -> Iterable[tuple[str, str, str]]:
    table = posterior.edge_table()
    for source, target, probability in zip(
        table["source"], table["target"], table["probability"], strict=True
    ):
        yield source, target, repr(float(probability))


def _graph_rows(posterior: GraphPosterior, num_graphs: int) -> Iterable[tuple[int, str, str, str, str]]:
    names, ranked = posterior.names, ranked_graphs(posterior, num_graphs)
    for k, adjacency in enumerate(ranked.adjacency):
        edges = "; ".join(f"{names[i]}->{names[j]}" for i, j in np.argwhere(adjacency))
        probability, score, odds = (
            "" if np.isnan(value) else repr(float(value))
            for value in (ranked.probability[k], ranked.log_scores[k], ranked.odds[k])
        )
        yield k + 1, probability, score, edges, odds


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple]) -> None:
    lines = [files.csv_line(row) for row in (header, *rows)]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
