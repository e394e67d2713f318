"""What was done while reading, one sentence each: codes for missing values, notations, states."""

from collections.abc import Mapping, Sequence

import numpy as np

from dag_gfn.data.columns import EncodedColumn, listed, quoted, shortened
from dag_gfn.data.missing_codes import is_named


def code_notes(
    names: Sequence[str], codes: Sequence[Mapping[str, int]], na_values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return a sentence for each code that was taken for a missing value, and for each that nowhere occurs."""
    notes = []
    for code in dict.fromkeys(code for found in codes for code in found):
        where = [
            f"'{shortened(name)}' ({found[code]} cell{'s' if found[code] > 1 else ''})"
            for name, found in zip(names, codes, strict=True)
            if code in found
        ]
        notes.append(f"took '{shortened(code)}' in {listed(where)} for missing values")
    for code in na_values:
        if not any(is_named(written, (code,)) for found in codes for written in found):
            notes.append(f"no cell holds '{shortened(code)}', which --na-values (na_values) names")
    return tuple(notes)


def reading_notes(names: Sequence[str], encoded: Sequence[EncodedColumn]) -> tuple[str, ...]:
    """Return a sentence for each notation of numbers that is not plain, and for states to look at."""
    notes = []
    for how in dict.fromkeys(how for column in encoded for how in column.how):
        # what is in doubt is said below, with an example
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
    for columns in doubtful.values():  # with the example of the first
        notes.append(f"read in {quoted(names[k] for k in columns)} {encoded[columns[0]].doubt}")
    for name, column in zip(names, encoded, strict=True):
        if column.states:
            absent = len(column.states) - np.unique(column.values).size
            if absent:
                notes.append(
                    f"column '{shortened(name)}' declares {len(column.states)} categories, {absent} of which "
                    "do not occur"
                )
            notes += _same_number(name, column.states)
    return tuple(notes)


def _same_number(name: str, states: Sequence[str]) -> list[str]:
    """Return a note where two states are one number in two spellings: both stay."""
    spellings: dict[float, list[str]] = {}
    for state in states:
        try:
            spellings.setdefault(float(state), []).append(state)
        except ValueError:
            continue
    found = [same for same in spellings.values() if len(same) > 1]
    if not found:
        return []
    shown = listed([" and ".join(f"'{shortened(state)}'" for state in same) for same in found], limit=3)
    return [f"kept {shown} apart as states of '{shortened(name)}'"]
