"""Columns that name rows rather than measure them: row numbers, identifiers, numbers of groups."""

import re

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.row_number_columns import MIN_ROWS

MANY = 12
"""Numbers or labels that name things are an identifier if there are more of them; fewer are groups."""
# Names of identifiers: alone, and as the last word of several (patient_id, playerID, major_code).
_ID_ALONE = re.compile(
    r"id|ids|idx|index|uid|uuid|guid|code|key|nr|rowname|rownames|rowid|serial|seqn|seqno|caseid|idno|idnum|"
    r"zip|zipcode|postcode|fips|phone|telephone|isbn|ssn|url|uri|email|filename|doi|unnamed"
)
_ID_LAST = re.compile(r"id|ids|uid|uuid|code|key|zip|fips|url|uri|isbn")
# Names of cases, whose numbers are identifiers if they are many.
_CASE = re.compile(
    r"(subject|subj|patient|pat|participant|person|respondent|individual|indiv|user|customer|client|employee|student|"
    r"player|case|sample|specimen|animal)( (no|nr|num|number))?"
)
_SERIES = re.compile(r"(record|obs|observation|row|rank)( (no|nr|num|number))?")  # if all differ
# Groups of rows: numbers of them are identifiers if all groups have as many rows.
_GROUP = re.compile(
    r"stratum|strata|litter|tree|plant|firm|company|plot|lot|city|county|school|block|batch|cage|group|cluster|family|"
    r"fam|household|hh|hhid|site|center|centre|hospital|clinic|ward|class|dog|rat|mouse|rabbit|bird|fish|cow|lamb|pig|"
    r"pair|set|panel|unit|dyad|couple|team|village|country|state|nation|pooled stratum|match|nest|colony|dam|sire|item"
)
# Quantities that may well run through 0, 1, 2, ... in the order of the rows.
_MEASURED = re.compile(
    r"years?|yr|months?|weeks?|days?|hours?|minutes?|seconds?|time|date|age|score|dose|dist|distance|depth|height|length|"
    r"position|pos|temp|temperature|level|grade|percent|pct|conc|concentration|size|width|weight|speed|income|value"
)


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case, split at signs, blanks and capitals.

    Examples
    --------
    >>> from dag_gfn.data.identifier_columns import words_of
    >>> words_of("playerID"), words_of("case.no"), words_of("RBC_Age")
    (['player', 'id'], ['case', 'no'], ['rbc', 'age'])
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.casefold() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def is_id_name(name: str) -> bool:
    """Return whether a name is usual for an identifier.

    Examples
    --------
    >>> from dag_gfn.data.identifier_columns import is_id_name
    >>> [is_id_name(name) for name in ("patient_id", "ID", "zip", "identity", "age")]
    [True, True, True, False, False]
    """
    words = words_of(name)
    if any(_MEASURED.fullmatch(word) for word in words):
        return False  # yearID
    last = words[-1:] and (_ID_LAST if len(words) > 1 else _ID_ALONE).fullmatch(words[-1])
    return bool(last) or words[:1] == ["id"] or words[:2] == ["row", "names"]


def why_identifier(name: str, values: Float64[np.ndarray, " n"]) -> str:
    """Return why a numeric column names rows or groups of rows; empty text if it measures something.

    Only whole numbers name rows. They do if they are 0, 1, 2, ... or 1, 2, 3, ... in the order of the rows and the
    name is not that of a quantity; if the name is that of an identifier and they rise from row to row, all differ, or
    take more than 12 values; or if the name is that of a group (litter, firm) and each of more than 12 numbers occurs
    equally often.

    Parameters
    ----------
    name : str
    values : ndarray, shape (n,), float64
        NaN where a cell is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.identifier_columns import why_identifier
    >>> why_identifier("rownames", np.arange(1.0, 31.0)), why_identifier("year", np.arange(1950.0, 1980.0))
    ('numbers the rows: 1, 2, 3, ...', '')
    >>> why_identifier("litter", np.repeat(np.arange(1.0, 21.0), 3))
    'an identifier of groups: 20 numbers, each in 3 rows'
    """
    seen = values[~np.isnan(values)]
    if len(seen) < MIN_ROWS or (seen != np.round(seen)).any():
        return ""
    words = words_of(name)
    label = " ".join(words)
    steps = np.diff(seen)
    first = ", ".join(f"{value:.15g}" for value in seen[:3])
    is_id, is_case = is_id_name(name), _CASE.fullmatch(label) is not None
    if (steps == 1).all() and seen[0] in (0, 1):
        is_measured = any(_MEASURED.fullmatch(word) for word in words) and not is_case
        return "" if is_measured else f"numbers the rows: {first}, ..."
    distinct, counts = np.unique(seen, return_counts=True)
    if (is_id or is_case or _SERIES.fullmatch(label)) and (steps > 0).all():
        return f"numbers the rows: {first}, ..."
    if len(distinct) <= MANY:
        return ""
    if is_id or is_case:
        if len(distinct) == len(seen):
            return f"an identifier: {first}, ... all differ"
        return f"an identifier: {len(distinct)} numbers that name, not measure"
    if _GROUP.fullmatch(label) and _is_full(distinct) and np.ptp(counts) <= 0.25 * counts.max():
        return f"an identifier of groups: {len(distinct)} numbers, each in {_range(counts)} rows"
    return ""


def _is_full(distinct: Float64[np.ndarray, " k"]) -> bool:
    """Return whether distinct whole numbers have few gaps, as numbers that were given one after the other."""
    return bool(np.ptp(distinct) + 1 <= 1.5 * len(distinct))


def _range(counts: np.ndarray) -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"{low}" if low == high else f"{low} to {high}"
