"""Doubts: properties of the data that make a result unreliable even where its probabilities are exact."""

from typing import NamedTuple


class Doubt(NamedTuple):
    """A reason why correctly computed probabilities may still be misleading.

    Attributes
    ----------
    code : str
        The kind of doubt, in one word.
    level : {"caution", "mild"}
        ``caution``: the result is not called reliable. ``mild``: it is, and the doubt is named beside it.
    verdict : str
        The reason in a few words, for a verdict that begins with "Exact arithmetic, but".
    warning : str
        The same in one line with columns, numbers and what to do.

    Examples
    --------
    >>> from dag_gfn.data.doubts import Doubt
    >>> Doubt("few_rows", "caution", "too few rows", "5 rows are too few: collect more.").record()
    {'code': 'few_rows', 'level': 'caution', 'verdict': 'too few rows'}
    """

    code: str
    level: str
    verdict: str
    warning: str

    def record(self) -> dict[str, str]:
        """Return what a saved posterior stores of the doubt; the warning is stored with the other warnings."""
        return {"code": self.code, "level": self.level, "verdict": self.verdict}
