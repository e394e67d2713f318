"""Files of local scores (.jkl, .jaa, .scores), which GOBNILP, blip and other programs read and write.

The first line is the number of variables. A block for each variable follows: its name and the number of its parent
sets, then a line for each set with its score, the number of parents, and the parents. White space separates words.
Blank lines, and what follows ``#``, are ignored.
"""

import math
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from dag_gfn.data.compressed import SUFFIXES as COMPRESSED
from dag_gfn.data.compressed import unpacked
from dag_gfn.data.messages import quoted
from dag_gfn.errors import DataError, OptionError
from dag_gfn.graphs.subsets import MAX_NODES, unpack
from dag_gfn.scores.family_list import FamilyList

SCORE_SUFFIXES = (".jkl", ".jaa", ".scores")


def is_score_file(path: str | PathLike) -> bool:
    """Return whether a file is one of local scores, by its suffix; it may be compressed.

    Examples
    --------
    >>> from dag_gfn.scores.score_file import is_score_file
    >>> is_score_file("asia.jkl"), is_score_file("asia.scores.gz"), is_score_file("asia.csv")
    (True, True, False)
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes[-2:]]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in SCORE_SUFFIXES


def read_scores(path: str | PathLike) -> FamilyList:
    """Return the families and scores in a file.

    Parents are named as the variables are, or by their position from 0 where no variable is called by a number.

    Parameters
    ----------
    path : str or path
        The file, which may be compressed.

    Raises
    ------
    DataError
        If the file is not such a list; the message has the line and says what was expected.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import dag_gfn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two.jkl"
    ...     _ = path.write_text("2\\na 1\\n-2.0 0\\nb 2\\n-3.0 0\\n-1.5 1 a\\n")
    ...     families = dag_gfn.read_scores(path)
    >>> families.names, families.num_listed
    (('a', 'b'), 3)
    """
    with unpacked(path) as plain:
        try:
            text = plain.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"'{path}' is no file of local scores: it is not text in UTF-8") from error
        except OSError as error:
            raise DataError(f"'{path}' cannot be read: {error.strerror or error}") from error
    return _Lines(path, text).families()


def listed_families(data: Any) -> FamilyList | None:
    """Return the families that are given in place of data, themselves or in a file, or None where there are data.

    Examples
    --------
    >>> from dag_gfn.scores.score_file import listed_families
    >>> listed_families("survey.csv") is None
    True
    """
    if isinstance(data, FamilyList):
        return data
    if isinstance(data, str | PathLike) and is_score_file(data):
        return read_scores(data)
    return None


def score_text(families: FamilyList) -> tuple[str, tuple[str, ...]]:
    """Return a list of families as the text of a file, and which names were changed.

    White space and ``#`` in a name become ``_``, since words are separated by white space. Scores are written so that
    they are read back to the last digit.

    Raises
    ------
    OptionError
        If two names would be the same.

    Examples
    --------
    >>> from dag_gfn.scores import FamilyList
    >>> from dag_gfn.scores.score_file import score_text
    >>> families = FamilyList.of(("my a", "b"), [{0b00: -2.0}, {0b00: -3.0, 0b01: -1.5}])
    >>> text, changed = score_text(families)
    >>> text.splitlines(), changed
    (['2', 'my_a 1', '-2.0 0', 'b 2', '-3.0 0', '-1.5 1 my_a'], ("'my a' is written my_a",))
    """
    words = tuple("_".join(name.replace("#", " ").split()) or "_" for name in families.names)
    if len(set(words)) < len(words):
        twice = [name for name, word in zip(families.names, words, strict=True) if words.count(word) > 1]
        raise OptionError(
            f"the names {quoted(twice)} are the same without white space, which a score file cannot hold: rename one"
        )
    lines = [str(families.d)]
    for name, masks, scores in zip(words, families.sets, families.scores, strict=True):
        lines.append(f"{name} {len(masks)}")
        for members, score in zip(unpack(masks, families.d), scores.tolist(), strict=True):
            parents = [words[i] for i in np.flatnonzero(members)]
            lines.append(" ".join([repr(score), str(len(parents)), *parents]))
    changed = [
        f"{name!r} is written {word}"
        for name, word in zip(families.names, words, strict=True)
        if name != word
    ]
    return "\n".join(lines) + "\n", tuple(changed)


class _Lines:
    """The lines of a file that hold something, with their numbers."""

    def __init__(self, path: str | PathLike, text: str):
        self.path = path
        lines = text.splitlines()
        if "#" in text:
            lines = [line.partition("#")[0] for line in lines]
        self.words = [line.split() for line in lines]
        self.numbers: Sequence[int] = range(1, len(self.words) + 1)
        if not all(self.words):
            self.numbers = [k for k, words in enumerate(self.words, 1) if words]
            self.words = [words for words in self.words if words]

    def fail(self, k: int, said: str) -> NoReturn:
        """Raise DataError about the k-th line, or about the end of the file."""
        if k < len(self.words):
            shown = " ".join(self.words[k])
            shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
            raise DataError(f"'{self.path}', line {self.numbers[k]} ({shown!r}): {said}")
        raise DataError(f"'{self.path}' ends after line {self.numbers[-1] if self.words else 0}: {said}")

    def families(self) -> FamilyList:
        """Return the families of all variables."""
        d = self._number_of_variables()
        headers: dict[str, int] = {}  # name: its line
        starts, k = [], 1
        for _ in range(d):
            name, count = self._header(k, len(headers), d)
            if name in headers:
                self.fail(
                    k, f"{name!r} has a block already, from line {self.numbers[headers[name]]}: merge the two"
                )
            headers[name] = k
            self._require_last_set(k, count, name)
            starts.append((k + 1, count))
            k += 1 + count
        if k < len(self.words):
            self.fail(
                k,
                f"nothing more was expected after {d} variables: the number of sets or of variables is wrong",
            )
        names = tuple(headers)
        places = {name: node for node, name in enumerate(names)}
        if not any(name.isdigit() for name in names):
            places |= {str(node): node for node in range(d)}
        found = [self._sets(node, *start, places, names) for node, start in enumerate(starts)]
        sets, scores = zip(*found, strict=True)
        return FamilyList(names, sets, scores, f"'{Path(self.path).name}'")

    def _number_of_variables(self) -> int:
        expected = "the number of variables was expected, alone on the first line"
        if not self.words or len(self.words[0]) != 1 or not self.words[0][0].isdigit():
            self.fail(0, expected)
        d = int(self.words[0][0])
        if not 1 <= d <= MAX_NODES:
            self.fail(0, f"1 to {MAX_NODES} variables are possible")
        return d

    def _header(self, k: int, so_far: int, d: int) -> tuple[str, int]:
        """Return the name of a variable and the number of its sets."""
        expected = f"the name of variable {so_far + 1} of {d} and the number of its parent sets were expected"
        if k >= len(self.words) or len(self.words[k]) != 2 or not self.words[k][1].isdigit():
            self.fail(k, expected)
        name, count = self.words[k][0], int(self.words[k][1])
        if count == 0:
            self.fail(k, f"{name!r} has no parent set, so there is no graph: list at least one")
        return name, count

    def _require_last_set(self, header: int, count: int, name: str) -> None:
        """Raise DataError where the last line of a block is no parent set: the number of sets is wrong."""
        if header + count >= len(self.words):
            said = f"{count} parent sets of {name!r} were announced, {len(self.words) - header - 1} are there"
            self.fail(len(self.words), said)
        words = self.words[header + count]
        if len(words) < 2 or not words[1].isdigit() or len(words) != 2 + int(words[1]):
            said = f"a score was expected, the number of parents and these: {name!r} is to have {count} parent sets"
            self.fail(header + count, f"{said}, from line {self.numbers[header + 1]}")

    def _sets(
        self, node: int, start: int, count: int, places: dict[str, int], names: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the masks and scores of a variable, by mask."""
        lines = self.words[start : start + count]
        bits = {name: 1 << place for name, place in places.items()}
        try:
            scores = np.array([float(words[0]) for words in lines])
            sizes = np.array([int(words[1]) for words in lines])
            masks = np.array([sum([bits[word] for word in words[2:]]) for words in lines], dtype=np.int64)
            told = np.array([len(words) for words in lines]) - 2
        except (ValueError, IndexError, KeyError, OverflowError):
            self._refuse(node, start, count, places, names)
        distinct = np.bitwise_count(masks) == told
        if not ((sizes == told) & distinct & np.isfinite(scores) & (masks >> node & 1 == 0)).all():
            self._refuse(node, start, count, places, names)
        order = np.argsort(masks, kind="stable")
        twice = np.flatnonzero(np.diff(masks[order]) == 0)
        if len(twice):
            first, second = (self.numbers[start + int(order[twice[0] + i])] for i in (0, 1))
            self.fail(
                start + int(order[twice[0] + 1]),
                f"lines {first} and {second} have the same parents of {names[node]!r}: leave one out",
            )
        return masks[order], scores[order]

    def _refuse(
        self, node: int, start: int, count: int, places: dict[str, int], names: tuple[str, ...]
    ) -> NoReturn:
        """Raise DataError about the first line of a variable that is no parent set."""
        for k in range(start, start + count):
            words = self.words[k]
            try:
                score = float(words[0])
            except ValueError:
                said = f"a score was expected first: {names[node]!r} is to have {count} parent sets"
                self.fail(k, f"{said}, from line {self.numbers[start]}")
            if not math.isfinite(score):
                self.fail(k, "a score must be a finite number: leave a set that is impossible out")
            if len(words) < 2 or not words[1].isdigit():
                self.fail(k, "the number of parents was expected after the score")
            parents = words[2:]
            if len(parents) != int(words[1]):
                self.fail(k, f"{words[1]} parents were announced, {len(parents)} are there")
            for parent in parents:
                if parent not in places:
                    self.fail(k, f"there is no variable {parent!r}: they are {quoted(names)}")
                if places[parent] == node:
                    self.fail(k, f"{names[node]!r} is its own parent: leave the set out")
            if len({places[parent] for parent in parents}) < len(parents):
                self.fail(k, "a parent is there twice")
        raise AssertionError("a line that was refused has no fault")
