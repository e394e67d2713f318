"""Notes on what was done while reading: codes for missing values, notations of numbers, states."""

from collections.abc import Mapping, Sequence

import numpy as np

from dag_gfn.data.column_encoding import EncodedColumn
from dag_gfn.data.messages import listed, one_line, quoted
from dag_gfn.data.missing_codes import is_named


def code_notes(
    names: Sequence[str], codes: Sequence[Mapping[str, int]], na_values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return a sentence for each code that counted as a missing value, and for each user's code that was not found.

    Parameters
    ----------
    names : sequence of str, length d
    codes : sequence of mappings, length d
        For each column, how many cells each code fills.
    na_values : tuple of str
        Codes that the user named.

    Examples
    --------
    >>> from dag_gfn.data.reading_notes import code_notes
    >>> code_notes(["age", "job"], [{}, {"?": 2}], na_values=("-999",))
    ("took '?' in 'job' (2 cells) for missing values", "no cell holds '-999', which --na-values (na_values) names")
    """
    notes = []
    for code in dict.fromkeys(code for found in codes for code in found):
        where = [
            f"'{one_line(name)}' ({found[code]} cell{'s' if found[code] > 1 else ''})"
            for name, found in zip(names, codes, strict=True)
            if code in found
        ]
        notes.append(f"took '{one_line(code)}' in {listed(where)} for missing values")
    for code in na_values:
        if not any(is_named(written, (code,)) for found in codes for written in found):
            notes.append(f"no cell holds '{one_line(code)}', which --na-values (na_values) names")
    return tuple(notes)


def reading_notes(names: Sequence[str], encoded: Sequence[EncodedColumn]) -> tuple[str, ...]:
    """Return a sentence for each notation of numbers that is not plain, and for states that the user should check.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.column_encoding import encode_column
    >>> from dag_gfn.data.reading_notes import reading_notes
    >>> column = encode_column(pd.Series(["1.10", "1.1", "1.10", "1.1"], name="version"), as_discrete=True)
    >>> reading_notes(["version"], [column])
    ("kept '1.1' and '1.10' apart as states of 'version'",)
    """
    notes = []
    for how in dict.fromkeys(how for column in encoded for how in column.how):
        # Notations in doubt are named below, with an example.
        where = [
            name
            for name, column in zip(names, encoded, strict=True)
            if how in column.how and how not in column.doubt.partition(" (")[0]
        ]
        if where:
            notes.append(f"read {how} in {quoted(where)}")
    doubtful: dict[str, list[int]] = {}
    for k, column in enumerate(encoded):
        if column.doubt:
            doubtful.setdefault(column.doubt.partition(" (")[0], []).append(k)
    for columns in doubtful.values():  # the first column gives the example
        notes.append(f"read in {quoted(names[k] for k in columns)} {encoded[columns[0]].doubt}")
    for name, column in zip(names, encoded, strict=True):
        if column.states:
            absent = len(column.states) - np.unique(column.values[~np.isnan(column.values)]).size
            if absent:
                notes.append(
                    f"column '{one_line(name)}' declares {len(column.states)} categories, {absent} of which "
                    "do not occur"
                )
            notes += _same_number(name, column.states)
    return tuple(notes)


def _same_number(name: str, states: Sequence[str]) -> list[str]:
    """Return a note if several states are spellings of the same number, which are kept apart."""
    spellings: dict[float, list[str]] = {}
    for state in states:
        try:
            spellings.setdefault(float(state), []).append(state)
        except ValueError:
            continue
    found = [same for same in spellings.values() if len(same) > 1]
    if not found:
        return []
    shown = listed([" and ".join(f"'{one_line(state)}'" for state in same) for same in found], limit=3)
    return [f"kept {shown} apart as states of '{one_line(name)}'"]
