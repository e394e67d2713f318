"""How a command may end, what it may print, and what it may do to the disk: the judge of the trials."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from random_trials.commands import UNFORESEEN, Outcome

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
    told = message.partition(" in Python: ")[0]  # a recipe may speak it
    found = _PYTHON_WORDS.search(re.sub(r"'[^']*'", "''", told))  # what is quoted are a person's words
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


# --- what commands print about a folder ---


def printed_faults(outcome: Outcome, names: Iterable[str] = ()) -> list[Fault]:
    """Return what is impossible in what a reading command printed of columns with these names, if it ended well."""
    if outcome.code != 0:
        return []
    faults = []
    if "--json" in outcome.arguments:
        try:
            content = json.loads(outcome.out, parse_constant=refuse_constant)
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
    elif is_number(content):
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


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def refuse_constant(constant: str) -> None:
    """Refuse NaN and Infinity, which JSON has not."""
    raise ValueError(f"{constant} is not JSON")
