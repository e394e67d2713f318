"""What can happen to a posterior folder: each damage changes one folder, and says in words what it did."""

import io
import json
import math
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Damage = Callable[[Path, list[Path], np.random.Generator], str]
"""Is given the folder, good folders to take files from, and a generator."""

NAMES = ("posterior.npz", "posterior.json", "edges.csv", "graphs.csv")
NASTY_VALUES: tuple[Any, ...] = (
    None,
    True,
    "text",
    "",
    -1,
    0,
    1.5,
    10**30,
    -1e308,
    1e-320,
    math.nan,
    math.inf,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": [1, {"c": None}]}},
    "x" * 100_000,
    ["x"] * 1000,
    "\u202e\x1b[31m\x00",
    "<script>alert(1)</script>",
)


def flip_bytes(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    file = _file(folder, rng)
    content = bytearray(file.read_bytes())
    for at in rng.integers(0, len(content), size=int(rng.choice([1, 1, 3, 50]))):
        content[at] ^= int(rng.integers(1, 256))
    file.write_bytes(bytes(content))
    return f"flip bytes of {file.name}"


def cut(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    file = _file(folder, rng)
    content = file.read_bytes()
    file.write_bytes(content[: int(rng.choice([0, 1, len(content) // 2, len(content) - 1]))])
    return f"cut {file.name}"


def zero_bytes(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    file = _file(folder, rng)
    content = file.read_bytes()
    at = int(rng.integers(len(content)))
    file.write_bytes(content[:at] + bytes(len(content) - at))
    return f"zeros at the end of {file.name}"


def noise(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    file = _file(folder, rng)
    file.write_bytes(rng.bytes(int(rng.choice([10, 1000, 100_000]))))
    return f"noise in place of {file.name}"


def swap(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    file, other = _file(folder, rng), others[rng.integers(len(others))]
    shutil.copyfile(other / file.name, file)
    return f"{file.name} of another folder"


def delete(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    files = [_file(folder, rng) for _ in range(int(rng.choice([1, 1, 2])))]
    for file in files:
        file.unlink(missing_ok=True)
    return f"delete {', '.join(file.name for file in files)}"


def replace_file(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Something else in place of a file."""
    file = _file(folder, rng)
    file.unlink()
    kind = str(
        rng.choice(["folder", "full folder", "loop", "dangling link", "link to good", "pipe", "device"])
    )
    if "folder" in kind:
        file.mkdir()
        if kind == "full folder":
            (file / "mine.txt").write_text("a person's file")
    elif kind == "loop":
        file.symlink_to(file.name)
    elif kind == "dangling link":
        file.symlink_to("nowhere")
    elif kind == "link to good":
        file.symlink_to((others[0] / file.name).resolve())
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")
    return f"a {kind} in place of {file.name}"


def replace_folder(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Something else in place of the folder."""
    kind = str(rng.choice(["loop", "file", "empty", "dangling link", "link"]))
    if kind == "link":
        real = folder.with_name("real")
        folder.rename(real)
        folder.symlink_to(real.name)
        return "a link in place of the folder"
    shutil.rmtree(folder)
    if kind == "loop":
        folder.symlink_to(folder.name)
    elif kind == "dangling link":
        folder.symlink_to("nowhere")
    elif kind == "file":
        folder.write_text("a person's file")
    else:
        folder.mkdir()
    return f"{kind} in place of the folder"


def strangers(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Files of a person's own in the folder and where a run works."""
    (folder / "notes.txt").write_text("a person's file")
    (folder / "figures").mkdir()
    (folder / "figures" / "mine.png").write_bytes(b"\x89PNG")
    beside = str(rng.choice(["", ".partial", ".replaced-0a1b2c3d", ".saving-0a1b2c3d", ".lock"]))
    if beside:
        place = folder.with_name(folder.name + beside)
        place.mkdir()
        (place / "thesis.tex").write_text("a person's file")
    return f"strangers in the folder and in OUT{beside}"


def read_only(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """No permission to write or to read: binding for all but the administrator."""
    target, mode = (
        (folder, 0o555) if rng.random() < 0.5 else (_file(folder, rng), int(rng.choice([0o000, 0o444])))
    )
    target.chmod(mode)
    return f"mode {mode:o}"


def json_value(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Another value somewhere in posterior.json, or none."""
    file = folder / "posterior.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    places = list(_places(content))
    parent, key, path = places[rng.integers(len(places))]
    if rng.random() < 0.2:
        del parent[key]
        what = "nothing"
    else:
        parent[key] = NASTY_VALUES[rng.integers(len(NASTY_VALUES))]
        what = repr(parent[key])[:40]
    file.write_text(json.dumps(content), encoding="utf-8")
    return f"{what} at {path}"


def json_values_of_use(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Another value where commands look."""
    file = folder / "posterior.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    known = (
        "names",
        "d",
        "n",
        "kind",
        "method",
        "score",
        "warnings",
        "diagnostics",
        "log_evidence",
        "constraints",
    )
    known += (
        "timing",
        "exact_check",
        "format_version",
        "notes",
        "all_dags",
        "best_graph",
        "standardized",
        "interrupted",
    )
    known += (
        "environment",
        "prior",
        "score_options",
        "prior_options",
        "conditions",
        "iterations",
        "order_modular",
    )
    key = str(rng.choice(known))
    content[key] = NASTY_VALUES[rng.integers(len(NASTY_VALUES))]
    if key == "names" and rng.random() < 0.5:
        content[key] = _odd_names(rng, len(content.get("diagnostics", {})))
    file.write_text(json.dumps(content), encoding="utf-8")
    return f"{repr(content[key])[:40]} at {key}"


def json_whole(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    texts = (
        "null",
        "[]",
        "{}",
        '"text"',
        "[" * 100_000,
        '{"names":' * 5000,
        "{}{}",
        "9" * 10_000,
        "\ufeff{}",
        "NaN",
    )
    text = texts[rng.integers(len(texts))]
    (folder / "posterior.json").write_text(text, encoding="utf-8")
    return f"posterior.json is {text[:20]}"


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
            lambda: array[:0],
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


def nothing(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    return "nothing"


DAMAGES: tuple[Damage, ...] = (
    flip_bytes,
    flip_bytes,
    cut,
    zero_bytes,
    noise,
    swap,
    swap,
    delete,
    replace_file,
    replace_file,
    replace_folder,
    strangers,
    strangers,
    read_only,
    json_value,
    json_value,
    json_value,
    json_values_of_use,
    json_values_of_use,
    json_values_of_use,
    json_whole,
    array_type,
    array_type,
    array_shape,
    array_shape,
    array_value,
    array_value,
    array_gone,
    impossible_probabilities,
    cyclic_graphs,
    weights,
    bomb,
    odd_archive,
    nothing,
)


def _file(folder: Path, rng: np.random.Generator) -> Path:
    return folder / str(rng.choice(NAMES, p=(0.4, 0.4, 0.1, 0.1)))


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


def _places(content: Any, path: str = "") -> Any:
    """Yield each place in JSON content: what holds it, its key, and its path in words."""
    keys = range(len(content)) if isinstance(content, list) else list(content)
    for key in keys:
        yield content, key, f"{path}/{key}"
        if isinstance(content[key], dict | list):
            yield from _places(content[key], f"{path}/{key}")


def _odd_names(rng: np.random.Generator, d: int) -> list[Any]:
    kinds: tuple[list[Any], ...] = (
        ["a"] * d,
        list(range(d)),
        [["a"]] * d,
        [None] * d,
        ["", " "],
        ["x" * 100_000],
    )
    return kinds[rng.integers(len(kinds))]
