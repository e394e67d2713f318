"""What can happen to a posterior folder: each damage changes one folder, and says in words what it did."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from random_trials import array_damages as arrays
from random_trials import json_damages as texts

Damage = Callable[[Path, list[Path], np.random.Generator], str]
"""Is given the folder, good folders to take files from, and a generator."""

NAMES = ("posterior.npz", "posterior.json", "edges.csv", "graphs.csv")


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


def unfinished(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """An unfinished run whose options or checkpoint are not what they should be."""
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir()
    contents = (
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"method": 1, "data": null}',
        '{"method": "exact"}',
        "",
        "pipe",
    )
    content = contents[rng.integers(len(contents))]
    if content == "pipe":
        os.mkfifo(partial / "options.json")
    else:
        (partial / "options.json").write_text(content, encoding="utf-8")
    if rng.random() < 0.7:
        (partial / "checkpoint.safetensors").write_bytes(rng.bytes(int(rng.choice([0, 8, 1000]))))
    return f"an unfinished run with options {content[:30]!r}"


def read_only(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """No permission to write or to read: binding for all but the administrator."""
    target, mode = (
        (folder, 0o555) if rng.random() < 0.5 else (_file(folder, rng), int(rng.choice([0o000, 0o444])))
    )
    target.chmod(mode)
    return f"mode {mode:o}"


def nothing(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    return "nothing"


def _file(folder: Path, rng: np.random.Generator) -> Path:
    return folder / str(rng.choice(NAMES, p=(0.4, 0.4, 0.1, 0.1)))


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
    unfinished,
    read_only,
    texts.json_value,
    texts.json_value,
    texts.json_value,
    texts.json_values_of_use,
    texts.json_values_of_use,
    texts.json_values_of_use,
    texts.json_whole,
    arrays.array_type,
    arrays.array_type,
    arrays.array_shape,
    arrays.array_shape,
    arrays.array_value,
    arrays.array_value,
    arrays.array_gone,
    arrays.impossible_probabilities,
    arrays.cyclic_graphs,
    arrays.weights,
    arrays.bomb,
    arrays.odd_archive,
    nothing,
)
