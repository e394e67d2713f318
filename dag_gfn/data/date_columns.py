"""Dates: which columns hold them, and the same as numbers of days."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64

MIN_SHARE = 0.9
"""A column holds dates if at least this share of its cells are dates."""
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_TIME = r"(?:[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]m)?(?:z|[+-]\d{2}:?\d{2})?)?"


class _Form(NamedTuple):
    pattern: re.Pattern[str]
    options: dict[str, object]


# The first form that fits nearly all cells is taken. In 03.04.2020 day and month are in the order that fits all cells.
_FORMS = (
    _Form(re.compile(rf"\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}{_TIME}"), {"yearfirst": True}),
    _Form(re.compile(rf"\d{{1,2}}/\d{{1,2}}/(?:\d{{4}}|\d{{2}}){_TIME}"), {"dayfirst": False}),
    _Form(re.compile(rf"\d{{1,2}}([/.-])\d{{1,2}}\1(?:\d{{4}}|\d{{2}}){_TIME}"), {"dayfirst": True}),
    _Form(re.compile(rf"\d{{4}}[-/ ]{_MONTHS}(?:[-/ ]\d{{1,2}})?"), {"yearfirst": True}),
    _Form(re.compile(rf"{_MONTHS}[-/ ]\d{{4}}"), {}),
    _Form(re.compile(rf"\d{{1,2}}[-/ ]?{_MONTHS}[-/ ]?(?:\d{{4}}|\d{{2}}){_TIME}"), {"dayfirst": True}),
    _Form(re.compile(rf"{_MONTHS} \d{{1,2}},? \d{{4}}{_TIME}"), {}),
    _Form(re.compile(r"\d{4}-(?:0[1-9]|1[0-2])"), {}),
)
_QUARTER = re.compile(r"(\d{4})[- :]?q([1-4])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]m)?")


def text_dates(texts: Sequence[str]) -> Float64[np.ndarray, " texts"] | None:
    """Return texts that are dates as days since 1970-01-01, NaN for the others; None if fewer than 90 % are dates.

    Parameters
    ----------
    texts : sequence of str
        Distinct.

    Examples
    --------
    >>> from dag_gfn.data.date_columns import text_dates
    >>> text_dates(["1970-01-02", "1970-02-01"]).tolist(), text_dates(["1970 Feb", "1970 Mar"]).tolist()
    ([1.0, 31.0], [31.0, 59.0])
    >>> text_dates(["25-34", "35-44"]) is None
    True
    """
    words = [text.strip().casefold() for text in texts]
    if not words or not any(any(c.isdigit() for c in word) for word in words[:50]):
        return None
    least = MIN_SHARE * len(words)
    quarters = [_QUARTER.fullmatch(word) for word in words]
    if sum(match is not None for match in quarters) >= least:
        return _days([f"{m[1]}-{3 * int(m[2]) - 2:02d}-01" if m else "" for m in quarters], {})
    if sum(_CLOCK.fullmatch(word) is not None for word in words) >= least:
        return _days([f"1970-01-01 {word}" if _CLOCK.fullmatch(word) else "" for word in words], {})
    for form in _FORMS:
        fits = [form.pattern.fullmatch(word) is not None for word in words]
        if sum(fits) >= least:
            days = _days([w if fit else "" for w, fit in zip(words, fits, strict=True)], form.options)
            if np.count_nonzero(~np.isnan(days)) >= least:
                return days
    return None


def number_dates(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"] | None:
    """Return numbers such as 19881231 as days since 1970-01-01; None unless all are dates and at least 5 differ.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.date_columns import number_dates
    >>> number_dates(np.array([19700102.0, 19700103, 19700104, 19700105, 19700201])).tolist()
    [1.0, 2.0, 3.0, 4.0, 31.0]
    """
    seen = values[~np.isnan(values)]
    if seen.size == 0 or seen.min() < 1700_01_01 or seen.max() > 2200_12_31 or (seen != np.round(seen)).any():
        return None
    if np.unique(seen[:1000]).size < 5:
        return None
    texts = [f"{value:.0f}" if value == value else "" for value in values]
    days = _days([f"{t[:4]}-{t[4:6]}-{t[6:]}" if t else "" for t in texts], {})
    return None if (np.isnan(days) & ~np.isnan(values)).any() else days


def typed_dates(column: pd.Series) -> Float64[np.ndarray, " n"] | None:
    """Return a column of dates, times, periods or durations as days, NaN where missing; None for other types.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.date_columns import typed_dates
    >>> typed_dates(pd.Series(pd.to_datetime(["1970-01-02", "1970-01-03"]))).tolist()
    [1.0, 2.0]
    """
    kind = str(column.dtype)
    try:
        if isinstance(column.dtype, pd.PeriodDtype):
            column = column.dt.to_timestamp()
        elif pd.api.types.is_timedelta64_dtype(column.dtype) or "duration" in kind:
            lengths = pd.to_timedelta(column.astype("timedelta64[ns]"))
            return (lengths / pd.Timedelta(days=1)).to_numpy(dtype=np.float64, na_value=np.nan)
        elif not (re.search("date|time", kind) or kind == "object"):
            return None
        elif kind == "object":
            import datetime

            cells = column[column.notna()]
            if not len(cells) or not all(isinstance(cell, datetime.date) for cell in cells):
                return None
        dates = pd.to_datetime(column, utc=True, errors="coerce")
    except (TypeError, ValueError, NotImplementedError):
        return None
    return _as_days(dates)


def _days(texts: Sequence[str], options: dict[str, object]) -> Float64[np.ndarray, " texts"]:
    """Return texts as days since 1970-01-01; NaN where they are no dates."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a day that is beyond 12
        dates = pd.to_datetime(
            pd.Series(list(texts), dtype=object), errors="coerce", utc=True, format="mixed", **options
        )
    return _as_days(dates)


def _as_days(dates: pd.Series) -> Float64[np.ndarray, " n"]:
    moments = dates.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    days = moments.astype(np.int64) / 86_400e6  # microseconds of a day
    days[np.isnat(moments)] = np.nan
    return days
