"""What the data themselves say against a result, however exactly it was computed."""

from typing import NamedTuple


class Doubt(NamedTuple):
    """A reason why probabilities that are computed rightly may still not be findings.

    Attributes
    ----------
    code : str
        What kind it is, one word for each kind.
    level : {"caution", "mild"}
        ``caution``: the result is not to be called sound. ``mild``: it is, with this said beside.
    verdict : str
        The reason in a few words, for a verdict that begins with "Exact arithmetic, but".
    warning : str
        The same with columns, numbers and what to do: one line.
    """

    code: str
    level: str
    verdict: str
    warning: str

    def record(self) -> dict[str, str]:
        """Return what a saved posterior keeps of it, beside the warning."""
        return {"code": self.code, "level": self.level, "verdict": self.verdict}
