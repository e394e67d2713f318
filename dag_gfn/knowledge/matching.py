"""Which variables a name stands for: its own, those of a group, or those that wildcards match."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from dag_gfn.errors import ConstraintError
from dag_gfn.knowledge.knowledge import Knowledge

MAX_NAMES_SHOWN = 12


class Matcher:
    """Finds the variables that names stand for.

    Parameters
    ----------
    names : sequence of str
        The variables.
    knowledge : Knowledge
        Its groups are names, too.
    left_out : mapping of str to str
        Columns of the table that are no variables, and why. What is said of them is ignored with a note.

    Attributes
    ----------
    ignored : list of str
        The columns left out that were named.

    Raises
    ------
    ConstraintError
        If a group has the name of a variable, or no members.

    Examples
    --------
    >>> from dag_gfn.knowledge import Knowledge
    >>> from dag_gfn.knowledge.matching import Matcher
    >>> matcher = Matcher(("gene_a", "gene_b", "y"), Knowledge(groups={"all": ("gene_*", "y")}))
    >>> matcher.find("gene_?", ""), matcher.find("all", "")
    ((0, 1), (0, 1, 2))
    """

    def __init__(self, names: Sequence[str], knowledge: Knowledge, left_out: Mapping[str, str] | None = None):
        self.names, self.ignored = tuple(names), list[str]()
        self._left_out = dict(left_out or {})
        self._index = {name: i for i, name in enumerate(self.names)}
        self._groups: dict[str, tuple[int, ...]] = {}
        for group, members in knowledge.groups.items():
            place = knowledge.place("groups", group)
            if group in self._index:
                raise ConstraintError(
                    f"{place}group '{group}' has the name of a column: give the group another name"
                )
            found = [i for member in members for i in self.find(member, f"{place}group '{group}'")]
            self._groups[group] = tuple(dict.fromkeys(found))

    def find(self, name: str, where: str, *, needed: bool = False) -> tuple[int, ...]:
        """Return the positions of the variables that a name stands for.

        Parameters
        ----------
        name : str
        where : str
            The beginning of the message of an error.
        needed : bool
            Whether a column that was left out of the table is an error.

        Raises
        ------
        ConstraintError
            If there is none; the message has the nearest names.
        """
        if name in self._index:
            return (self._index[name],)
        if name in self._groups:
            return self._groups[name]
        if name in self._left_out:
            why = self._left_out[name]
            if needed:
                raise ConstraintError(
                    f"{where}: column '{name}' is no variable here ({why}): use it (--keep), or leave the statement out"
                )
            self.ignored.append(name)
            return ()
        if is_pattern(name):
            found = tuple(i for i, known in enumerate(self.names) if _matches(name, known))
            if not found:
                raise ConstraintError(f"{where}: no column matches '{name}'; {self._columns()}")
            return found
        near = get_close_matches(str(name), [*self.names, *self._groups], n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else self._columns()
        raise ConstraintError(f"{where}: there is no column {name!r}; {hint}")

    def is_single(self, name: str) -> bool:
        """Return whether a name is that of one variable."""
        return name in self._index

    def _columns(self) -> str:
        shown = ", ".join(self.names[:MAX_NAMES_SHOWN])
        more = len(self.names) - MAX_NAMES_SHOWN
        return f"columns: {shown}{f' and {more} more' if more > 0 else ''}"


def is_pattern(name: str) -> bool:
    """Return whether a name holds wildcards.

    Examples
    --------
    >>> from dag_gfn.knowledge.matching import is_pattern
    >>> is_pattern("gene_*"), is_pattern("x[t-1]")
    (True, False)
    """
    return "*" in name or "?" in name


def _matches(pattern: str, name: str) -> bool:
    """Return whether ``*`` (any text) and ``?`` (one letter) make the pattern the name; brackets are plain letters."""
    parts = ({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch("".join(parts), name, re.DOTALL) is not None
