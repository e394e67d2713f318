"""Damages to posterior.npz: arrays of another type, shape or value, impossible ones, archives that are none."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np


def array_type(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """An array of another type."""

    def change(array: np.ndarray) -> np.ndarray:
        types = (
            "float16",
            "float32",
            "int64",
            "complex128",
            "bool",
            "U5",
            "S3",
            "datetime64[s]",
            ">f8",
            "object",
        )
        with np.errstate(all="ignore"):
            try:
                return array.astype(str(rng.choice(types)))
            except (ValueError, TypeError):
                return array.astype("U5")

    return _change_array(folder, rng, change, "another type")


def array_shape(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    def change(array: np.ndarray) -> np.ndarray:
        changes: tuple[Callable[[], np.ndarray], ...] = (
            lambda: array[:0] if array.ndim else array[None],
            lambda: array[..., :-1] if array.ndim else array.reshape(1),
            lambda: array[None],
            lambda: array.reshape(-1),
            lambda: np.concatenate([array, array]) if array.ndim else np.array([array, array]),
            lambda: np.array(0.5),
            lambda: array.T[:-1] if array.ndim else array,
        )
        return changes[rng.integers(len(changes))]()

    return _change_array(folder, rng, change, "another shape")


def array_value(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """A number that is none, or none that can be, in an array of numbers."""

    def change(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind != "f":
            return rng.permuted(array) if array.ndim else np.array("nonsense")
        changed = array.copy()
        value = rng.choice([np.nan, np.inf, -np.inf, 1.5, -0.5, 1e308, 0.0, 1.0])
        if rng.random() < 0.3 or not changed.size:
            changed[...] = value
        else:
            changed.flat[rng.integers(changed.size)] = value
        return changed

    return _change_array(folder, rng, change, "another value")


def array_gone(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    arrays = _arrays(folder)
    name = list(arrays)[rng.integers(len(arrays))]
    value = arrays.pop(name)
    new = str(
        rng.choice(
            [
                "",
                name + "x",
                "marginals/edge/values",
                "statistics/scatter",
                "marginals/what/values",
                "../../x",
            ]
        )
    )
    if new:
        arrays[new] = value
    _write(folder, arrays)
    return f"{name} is {'called ' + new if new else 'gone'}"


def impossible_probabilities(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Marginals that are above one, or sum to more with their opposite."""
    arrays = _arrays(folder)
    d = len(json.loads((folder / "posterior.json").read_text(encoding="utf-8"))["names"])
    value = float(rng.choice([1.5, 0.9, -0.1]))
    feature = str(rng.choice(["edge", "path", "linked"]))
    arrays[f"marginals/{feature}/values"] = value * (1 - np.eye(d))
    arrays[f"marginals/{feature}/source"] = np.array("exact")
    _write(folder, arrays)
    return f"{feature} marginals of {value}"


def cyclic_graphs(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    arrays = _arrays(folder)
    graphs = arrays["graphs"].copy()
    graphs[rng.integers(len(graphs))] = 255 if rng.random() < 0.5 else rng.integers(0, 256, graphs.shape[1])
    arrays["graphs"] = graphs
    _write(folder, arrays)
    return "a cyclic graph"


def weights(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Weights that do not sum to one, are not sorted, or belong to fewer graphs."""
    arrays = _arrays(folder)
    log_weights = arrays["log_weights"]
    kinds = (
        log_weights[::-1],
        log_weights + 1,
        log_weights - 1,
        log_weights[:-1],
        np.zeros_like(log_weights),
    )
    arrays["log_weights"] = kinds[rng.integers(len(kinds))]
    _write(folder, arrays)
    return "other weights"


def bomb(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """An archive of a few kilobytes that asks for gigabytes."""
    arrays = _arrays(folder)
    name = str(rng.choice(["graphs", "log_weights", "log_scores", "marginals/edge/values", "unheard_of"]))
    claimed_only = rng.random() < 0.6
    rows = 10**12 if claimed_only else 150_000_000
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (rows,)})
    arrays.pop(name, None)
    _write(folder, arrays)
    with (
        zipfile.ZipFile(folder / "posterior.npz", "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name + ".npy", "w", force_zip64=True) as member,
    ):
        member.write(header.getvalue())
        for _ in range(1 if claimed_only else 150):
            member.write(bytes(8_000_000))
    return f"{name} of {rows} numbers{', which are not there' if claimed_only else ''}"


def odd_archive(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    file = folder / "posterior.npz"
    kind = str(rng.choice(["npy", "empty", "text", "twice", "pickle"]))
    if kind == "npy":
        with file.open("wb") as opened:
            np.save(opened, np.zeros(3))
    elif kind == "empty":
        zipfile.ZipFile(file, "w").close()
    elif kind == "text":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("graphs.npy", "hello")
    elif kind == "twice":
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("log_weights .npy", b"\x93NUMPY")
    else:
        np.savez(file, graphs=np.array([{"a": 1}], dtype=object))
    return f"an archive: {kind}"


def _arrays(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "posterior.npz") as stored:
        return {name: stored[name] for name in stored.files}


def _write(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(folder / "posterior.npz", **arrays)


def _change_array(
    folder: Path, rng: np.random.Generator, change: Callable[[np.ndarray], np.ndarray], what: str
) -> str:
    arrays = _arrays(folder)
    name = list(arrays)[rng.integers(len(arrays))]
    arrays[name] = change(arrays[name])
    _write(folder, arrays)
    return f"{what} of {name}: {arrays[name].dtype} {arrays[name].shape}"
