"""A posterior as a folder of plain files, complete or absent.

- `posterior.npz`: arrays, no pickle: bit-packed graphs, weights, scores; marginals and statistics by prefix.
- `posterior.json`: `posterior.info`, plus the version of this format.
- `edges.csv`: source, target, probability (source → target) of all ordered pairs, at full precision.
- `graphs.csv`: the most probable graphs: rank, probability, score, edges, odds relative to the first. Empty fields are
  not known.

Equal posteriors give equal bytes. Wall times belong under `info["timing"]` and nowhere else.
"""

import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dag_gfn.errors import StorageError
from dag_gfn.posterior.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.ranking import ranked_graphs

FORMAT_VERSION = 1
_CORRUPT = (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile)


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
    """
    target = Path(folder).resolve()
    _require_replaceable(target, overwrite)
    token = secrets.token_hex(4)
    partial = target.with_name(f"{target.name}.saving-{token}")
    try:
        partial.mkdir(parents=True)
        write_files(posterior, partial, num_graphs=num_graphs)
        for name, text in (pages or {}).items():
            (partial / name).write_text(text, encoding="utf-8", newline="\n")
        _replace(target, partial, old=target.with_name(f"{target.name}.replaced-{token}"))
    except OSError as error:
        raise StorageError(f"cannot write '{target}': {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_files(posterior: GraphPosterior, folder: Path, *, num_graphs: int = 100) -> None:
    """Write a posterior's four files into an existing folder, which may hold others."""
    np.savez(folder / "posterior.npz", **_arrays(posterior))
    text = json.dumps(
        {**posterior.info, "format_version": FORMAT_VERSION}, indent=2, ensure_ascii=False, allow_nan=False
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

    Raises
    ------
    StorageError
        If the folder or a file is missing, damaged, or written in a newer format.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StorageError(f"there is no folder '{folder}'")
    for name in ("posterior.json", "posterior.npz"):
        if not (folder / name).is_file():
            raise StorageError(f"'{folder}' is not a complete posterior folder: {name} is missing")
    info = _read_info(folder / "posterior.json")
    try:
        # Opened here: np.load leaves a file that it cannot read open.
        with (folder / "posterior.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return _from_arrays(info, arrays)
    except _CORRUPT as error:
        raise StorageError(f"'{folder / 'posterior.npz'}' is damaged: {error}") from error


# --- the target folder ---


def _require_replaceable(target: Path, overwrite: bool) -> None:
    if not target.exists():
        return
    if not overwrite:
        raise StorageError(
            f"'{target}' exists already: choose another folder, or pass overwrite=True (--overwrite)"
        )
    if not target.is_dir():
        raise StorageError(f"'{target}' is a file, not a folder; choose another name")
    if not (target / "posterior.json").is_file() and any(target.iterdir()):
        raise StorageError(
            f"'{target}' holds files but no posterior.json, so it is not overwritten; choose another folder"
        )


def _replace(target: Path, new: Path, *, old: Path) -> None:
    """Rename `new` to `target`, putting what was there aside until that has worked."""
    if not target.exists():
        new.rename(target)
        return
    target.rename(old)
    try:
        new.rename(target)
    except BaseException:  # an interrupt, too
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


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
            source = str(arrays[f"marginals/{name}/source"])
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


def _best(
    info: dict[str, Any], arrays: dict[str, np.ndarray], d: int
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the best graphs with their scores; older folders have one of them, in their info."""
    if "best_graphs" in arrays:
        bits = np.unpackbits(arrays["best_graphs"], axis=1, count=d * d)
        return bits.astype(bool).reshape(-1, d, d), arrays["best_log_scores"]
    best = info.get("best_graph")
    if best is None:
        return None, None
    index = {name: i for i, name in enumerate(info["names"])}
    adjacency = np.zeros((1, d, d), dtype=bool)
    for source, target in best["edges"]:
        adjacency[0, index[source], index[target]] = True
    return adjacency, np.array([best["log_score"]])


def _read_info(path: Path) -> dict[str, Any]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        version = info.pop("format_version")
        if not isinstance(version, int):
            raise ValueError(f"format_version is {version!r}")
    except (*_CORRUPT, AttributeError) as error:
        raise StorageError(f"'{path}' is damaged or not from dag_gfn: {error}") from error
    if version > FORMAT_VERSION:
        raise StorageError(
            f"'{path.parent}' has format {version}; this dag_gfn reads up to {FORMAT_VERSION}: upgrade it"
        )
    return info


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
    lines = [",".join(_csv_field(value) for value in row) + "\n" for row in (header, *rows)]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def _csv_field(value: object) -> str:
    """Quote what needs it; the csv module leaves a lone carriage return bare where lines end in a newline."""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
