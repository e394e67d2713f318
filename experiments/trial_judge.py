"""What a command may end like, and which numbers a posterior folder may hold: the judge of the trials.

The judge reads the files itself and shares no code with what wrote them; `dag_gfn.load` is asked too, since a folder
that it refuses is lost.
"""

import csv
import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from trial_commands import UNFORESEEN, Outcome

import dag_gfn

FILES = {"posterior.npz", "posterior.json", "edges.csv", "graphs.csv"}
TOLERANCE = 1e-9
LONGEST_MESSAGE = 1200
LONGEST_ECHO = 200
MOST_MEMORY = 1e9
"""Bytes that a command on a small table or folder may take beyond what the process held."""

_PYTHON_WORDS = re.compile(
    r"Traceback|\b[A-Z][A-Za-z]*(?:Error|Exception)\b|NoneType|object has no attribute|not supported between"
    r"|list index|string ind|out of bounds|out of range for|invalid literal|could not (?:convert|be broadcast)"
    r"|broadcast|positional argument|unexpected keyword|unhashable|not subscriptable|not iterable|not callable"
    r"|allow_pickle|\bndarray\b|\bnumpy\b|\bnp\.|\bdtype\b|\bpandas\b|<class |zero-size|division by zero"
    r"|math domain|cannot reshape|cannot unpack|values to unpack|must be real number|\barray\("
    r"|NaTType|Maximum allowed|maximum recursion|expected string or bytes|\[Errno|codec can't"
)
"""What a sentence for people does not hold: names and phrases of Python and its libraries."""
_BARE_KEY = re.compile(r": '?[\w/]+'?$")


class Fault(NamedTuple):
    """A kind, the same for all that have one cause, and what was seen here."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Wanted:
    """What a fit was asked for."""

    required: tuple[tuple[str, str], ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    max_parents: int | None = None
    report: bool = False


# --- how a command ended ---


def ending(outcome: Outcome, *, codes: tuple[int, ...] = (0, 2)) -> list[Fault]:
    """Return what is wrong with how a command ended and what it printed."""
    faults = [Fault("warning of Python on stderr: " + _gist(text), text) for text in outcome.warned]
    if outcome.grown > MOST_MEMORY:
        faults.append(
            Fault("memory", f"{outcome.grown / 1e9:.2f} GB more while {' '.join(outcome.arguments)[:200]}")
        )
    if outcome.escaped:
        kind = "too slow" if outcome.escaped.startswith("TooSlow") else "traceback"
        return [*faults, Fault(f"{kind}: {_where(outcome)}", outcome.escaped)]
    if re.search(r"^Traceback|^\S*Warning: |^ +warnings\.warn", outcome.err, re.MULTILINE):
        faults.append(Fault("warning or traceback on stderr", outcome.err))
    if outcome.code not in codes:
        faults.append(Fault(f"exit code {outcome.code}", outcome.err[-500:]))
    if outcome.code == 2:
        faults += _refusal(outcome)
    elif "error: " in outcome.err:
        faults.append(Fault(f"an error is printed with exit code {outcome.code}", outcome.err))
    return faults


def refusal(outcome: Outcome) -> str:
    """Return the message of a refused command, with names and numbers taken out."""
    last = outcome.err.strip().splitlines()[-1:] or [""]
    return _gist(last[0].removeprefix("error: "))


def _refusal(outcome: Outcome) -> Iterator[Fault]:
    lines = outcome.err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    if len(errors) != 1 or lines[-1] != errors[0]:
        yield Fault("a refusal is not one line on stderr", outcome.err)
    if outcome.out.strip():
        yield Fault("a refusal prints on stdout too", outcome.out)
    message = lines[-1] if lines else ""
    if UNFORESEEN in message:
        yield Fault("unforeseen: " + _gist(message.removeprefix("error: ")), message)
        return
    found = _PYTHON_WORDS.search(re.sub(r"'[^']*'", "''", message))  # what is quoted are a person's words
    if found is not None:
        yield Fault(f"words of Python in a message: {found.group()}", message)
    elif "damaged" in message and _BARE_KEY.search(message):
        yield Fault("a message ends in a bare key", message)
    if len(message) > LONGEST_MESSAGE:
        yield Fault("a message is too long", message)
    longest = max((len(run.group()) for run in re.finditer(r"(.)\1*", message)), default=0)
    if longest > LONGEST_ECHO:
        yield Fault("a message echoes too much", message)
    if any(ord(character) < 32 or ord(character) == 127 for character in message):
        yield Fault("control characters in a message", repr(message))


def _where(outcome: Outcome) -> str:
    """Return what was raised and the innermost place in the package, which is the same for one cause."""
    if outcome.escaped.startswith("TooSlow"):
        return outcome.arguments[0]
    places = re.findall(r'File "[^"]*/dag_gfn/([^"]+)", line \d+, in (\S+)', outcome.escaped)
    last = [line for line in outcome.escaped.strip().splitlines() if line and not line.startswith(" ")][-1]
    return f"{last.split(':')[0]} in {'/'.join(places[-1]) if places else outcome.arguments[0]}"


def _gist(message: str) -> str:
    without = re.sub(r"'[^']*'|\"[^\"]*\"|\([^)]*\)", "_", " ".join(message.split()))
    without = re.sub(r"\d[\d.,e+-]*", "#", without)
    return re.sub(r"_(?:(?:, | and )(?:_|# more))+", "_", without)[:90]


# --- what is in a folder ---


def folder_faults(folder: Path, wanted: Wanted | None = None) -> list[Fault]:
    """Return what is wrong with a posterior folder that a command left as complete."""
    wanted = Wanted() if wanted is None else wanted
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not names >= FILES:
        return [Fault("an incomplete folder", f"{sorted(names)}")]
    faults = []
    if wanted.report != ("report.html" in names) or names - FILES - {"report.html"}:
        faults.append(Fault("the folder has other files than it should", f"{sorted(names)}"))
    try:
        info = json.loads((folder / "posterior.json").read_text(encoding="utf-8"), parse_constant=_refuse)
        with np.load(folder / "posterior.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        edges = _rows(folder / "edges.csv")
        graphs = _rows(folder / "graphs.csv")
    except Exception as error:
        return [*faults, Fault("a file of the folder cannot be read", f"{type(error).__name__}: {error}")]
    faults += content_faults(info, arrays, edges, graphs, wanted)
    try:
        posterior = dag_gfn.load(folder)
    except Exception as error:
        return [
            *faults,
            Fault("a folder that fit wrote cannot be loaded", f"{type(error).__name__}: {error}"),
        ]
    return faults + marginal_faults(posterior)


def content_faults(
    info: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    edges: list[dict[str, str]],
    graphs: list[dict[str, str]],
    wanted: Wanted,
) -> list[Fault]:
    """Return what cannot be among the contents of a folder's four files.

    Parameters
    ----------
    info : dict
        posterior.json.
    arrays : dict of str to ndarray
        posterior.npz.
    edges, graphs : list of dict
        Rows of edges.csv and graphs.csv.
    wanted : Wanted
        What the graphs have to comply with.
    """
    faults: list[Fault] = []
    names = info["names"]
    d = len(names)
    if len(edges) != d * (d - 1):
        return [Fault("edges.csv has not d(d-1) rows", f"{len(edges)} rows for d = {d}")]
    if any(re.match(r"[=@\t\r]|[+-](?![\d.])", cell) for row in edges for cell in row.values()):
        faults.append(Fault("a spreadsheet takes a cell for a formula", f"{edges[:2]}"))
    probability = np.zeros((d, d))
    probability[~np.eye(d, dtype=bool)] = [float(row["probability"]) for row in edges]
    faults += edge_faults(probability)
    packed = np.unpackbits(arrays["graphs"], axis=1, count=d * d)
    adjacency = packed.reshape(-1, d, d).astype(bool)
    faults += graph_faults(adjacency)
    weights = np.exp(arrays["log_weights"])
    if len(weights) != len(adjacency) or not abs(weights.sum() - 1) < 1e-6:
        faults.append(Fault("weights of graphs do not sum to one", f"{float(weights.sum())!r}"))
    faults += listed_faults(graphs)
    faults += constraint_faults(names, probability, adjacency, wanted)
    evidence = info["log_evidence"]
    if info["method"] == "exact" and not (_is_number(evidence) and math.isfinite(evidence)):
        faults.append(Fault("an exact evidence is not a finite number", f"{evidence!r}"))
    return faults


def edge_faults(probability: np.ndarray) -> list[Fault]:
    """Return what is impossible among P(i → j), shape (d, d)."""
    if not _possible(probability):
        return [Fault("an edge probability outside [0, 1]", _extremes(probability))]
    both = float((probability + probability.T).max(initial=0))
    if both > 1 + TOLERANCE:
        return [Fault("P(a → b) + P(b → a) above 1", f"{both!r}")]
    return []


def graph_faults(adjacency: np.ndarray) -> list[Fault]:
    """Return whether graphs, shape (m, d, d), have a cycle: then nodes are left when all roots are taken off."""
    d = adjacency.shape[-1]
    left = np.ones(adjacency.shape[:2], dtype=bool)
    for _ in range(d):
        left &= (adjacency & left[:, :, None]).any(axis=1)
    return [Fault("a graph with a cycle", f"{int(left.any(axis=1).sum())} of them")] if left.any() else []


def listed_faults(graphs: list[dict[str, str]]) -> list[Fault]:
    """Return what is impossible in the rows of graphs.csv."""
    column = "probability" if graphs and "probability" in graphs[0] else "weight"
    values = np.array([float(row[column]) for row in graphs if row[column]])
    if not _possible(values) or values.sum() > 1 + TOLERANCE:
        return [
            Fault(
                "graphs.csv has impossible probabilities", f"sum {float(values.sum())!r}, {_extremes(values)}"
            )
        ]
    return []


def constraint_faults(
    names: list[str], probability: np.ndarray, adjacency: np.ndarray, wanted: Wanted
) -> list[Fault]:
    """Return which constraints the probabilities (d, d) or the graphs (m, d, d) break."""
    faults = []
    position = {name.strip(): k for k, name in enumerate(names)}
    for pairs, value, kind in ((wanted.required, True, "required"), (wanted.forbidden, False, "forbidden")):
        for source, target in pairs:
            i, j = position.get(source.strip()), position.get(target.strip())
            if i is None or j is None:
                faults.append(
                    Fault(f"the {kind} edge that was taken names no column", f"{source} → {target}")
                )
                continue
            if abs(probability[i, j] - value) > TOLERANCE or (adjacency[:, i, j] != value).any():
                faults.append(
                    Fault(f"a {kind} edge is not kept", f"{source} → {target}: {float(probability[i, j])!r}")
                )
    if wanted.max_parents is not None and (adjacency.sum(axis=1) > wanted.max_parents).any():
        faults.append(Fault("max_parents is not kept", f"{adjacency.sum(axis=1).max()} parents"))
    return faults


def marginal_faults(posterior: dag_gfn.GraphPosterior) -> list[Fault]:
    """Return what is impossible among the probabilities that a loaded posterior gives."""
    faults = []
    edge = posterior.marginal("edge").values
    for feature in ("edge", "linked", "path", "markov_blanket", "compelled", "reversible"):
        values = posterior.marginal(feature).values
        if not _possible(values):
            faults.append(Fault(f"a probability of '{feature}' outside [0, 1]", _extremes(values)))
    faults += edge_faults(edge)
    linked = posterior.marginal("linked").values
    if np.abs(linked - edge - edge.T).max(initial=0) > 1e-9:
        faults.append(Fault("linked is not the sum of both directions", _extremes(linked - edge - edge.T)))
    short = (edge - posterior.marginal("path").values).max(initial=0)
    if short > TOLERANCE:
        faults.append(
            Fault(f"a path less probable than its edge ({posterior.info.get('method')})", f"by {short:.3g}")
        )
    if "parent_sets" in posterior.marginals:
        sets = posterior.marginals["parent_sets"].values
        if not _possible(sets, 1e-7) or np.abs(np.nansum(sets, axis=-1) - 1).max() > 1e-6:
            faults.append(Fault("probabilities of parent sets do not sum to one", _extremes(sets)))
    return faults


def _possible(values: np.ndarray, slack: float = 0.0) -> bool:
    return bool(((values >= -slack) & (values <= 1 + slack)).all())  # nan is neither


def _extremes(values: np.ndarray) -> str:
    return f"from {float(np.min(values))!r} to {float(np.max(values))!r}" if values.size else "none"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


# --- what commands print about a folder ---


def printed_faults(outcome: Outcome, names: Iterable[str] = ()) -> list[Fault]:
    """Return what is impossible in what a reading command printed of columns with these names, if it ended well."""
    if outcome.code != 0:
        return []
    faults = []
    if "--json" in outcome.arguments:
        try:
            content = json.loads(outcome.out, parse_constant=_refuse)
        except ValueError as error:
            return [Fault(f"{outcome.arguments[0]} --json prints no JSON", f"{error}: {outcome.out[:500]}")]
        for name, value in _numbers(content):
            if "probability" in name and not -TOLERANCE <= value <= 1 + TOLERANCE:
                faults.append(
                    Fault(
                        f"{outcome.arguments[0]} --json prints an impossible probability", f"{name}: {value}"
                    )
                )
    elif (
        outcome.arguments[0] in ("show", "query", "effect")
        and re.search(r"(?<![\w'\"])-?(?:nan|inf)(?![\w'\"])", outcome.out)
        and not any("nan" in name or "inf" in name for name in names)
    ):
        faults.append(Fault(f"{outcome.arguments[0]} prints nan or inf", outcome.out[-1500:]))
    return faults


def _numbers(content: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield all numbers in JSON content with the names of the keys above them."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _numbers(value, f"{name}/{key}")
    elif isinstance(content, list):
        for value in content:
            yield from _numbers(value, name)
    elif _is_number(content):
        yield name, content


# --- what lies on the disk ---


def snapshot(folder: Path) -> dict[str, str]:
    """Return what each path below a folder is and holds, links not followed."""
    found = {}
    for path in _below(folder):
        mode = path.lstat().st_mode
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(mode):
            found[name] = f"link to {os.readlink(path)}"
        elif stat.S_ISDIR(mode):
            found[name] = "folder"
        elif stat.S_ISREG(mode):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "special"
    return found


def _below(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))


def disk_faults(
    before: Mapping[str, str], after: Mapping[str, str], *, may_change: Iterable[str] = ()
) -> list[Fault]:
    """Return what was added, lost or changed on the disk, but for paths that begin with one of `may_change`."""
    allowed = tuple(may_change)

    def is_fault(name: str) -> bool:
        return not any(name == start or name.startswith(start + "/") for start in allowed)

    faults = []
    for kind, names in (
        ("left behind", after.keys() - before.keys()),
        ("lost", before.keys() - after.keys()),
        ("changed", {name for name in before.keys() & after.keys() if before[name] != after[name]}),
    ):
        wrong = sorted(filter(is_fault, names))
        if wrong:
            faults.append(Fault(f"a file is {kind}: {_family(wrong[0])}", ", ".join(wrong[:10])))
    return faults


def _family(name: str) -> str:
    return re.sub(r"-[0-9a-f]{6,}", "-*", name)
