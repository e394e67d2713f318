"""What a fit claims to know: edges, paths, evidence and single graphs, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

SUBJECTS = {
    "edges": "edge probabilities",
    "paths": "path probabilities",
    "evidence": "log evidence",
    "graphs": "probabilities of single graphs",
}
"""What there are claims of, and its name in words."""


class Claim(NamedTuple):
    """Whether something can be relied on, and why.

    Attributes
    ----------
    converged : bool or None
        None where nothing proves or disproves it, or the method does not estimate it.
    reason : str
        In words, to follow a colon.

    Examples
    --------
    >>> from dag_gfn.posterior.claims import Claim
    >>> Claim(False, "log Z is known to ±1.5 only").word
    'no'
    """

    converged: bool | None
    reason: str = ""

    @property
    def word(self) -> str:
        """Whether it can be relied on, as "yes", "no" or "not shown"."""
        return {True: "yes", False: "no", None: "not shown"}[self.converged]


@dataclass(frozen=True)
class Claims:
    """The claims of a fit: each can be true where others are not.

    Attributes
    ----------
    edges, paths, evidence, graphs : Claim
        Of edge probabilities, those of paths, the log evidence, and the probabilities of single graphs.

    Examples
    --------
    >>> from dag_gfn.posterior.claims import Claim, Claims
    >>> known, unknown = Claim(True, "the chains agree"), Claim(None, "it is not estimated")
    >>> print(Claims(known, known, unknown, known).sentence())
    Known are edge probabilities, path probabilities and probabilities of single graphs; not shown: log evidence (it is\
 not estimated).
    """

    edges: Claim
    paths: Claim
    evidence: Claim
    graphs: Claim

    @classmethod
    def of_edges(cls, claim: Claim) -> "Claims":
        """Return the same claim of edges and paths, and none of the rest."""
        nothing = Claim(None, "it is not estimated")
        return cls(claim, claim, nothing, nothing)

    @classmethod
    def no_posterior(cls, reason: str) -> "Claims":
        """Return that nothing is claimed, since what was computed is not the posterior."""
        claim = Claim(None, reason)
        return cls(claim, claim, Claim(None, "it is not estimated"), claim)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Claims | None":
        """Return the claims that `to_json` made; None where one of them is missing."""
        if not all(name in found for name in SUBJECTS):
            return None
        return cls(
            **{name: Claim(found[name]["converged"], found[name].get("reason", "")) for name in SUBJECTS}
        )

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return the claims by their subject."""
        return {name: getattr(self, name)._asdict() for name in SUBJECTS}

    def rows(self) -> list[tuple[str, Claim]]:
        """Return the claims with their subjects in words."""
        return [(words, getattr(self, name)) for name, words in SUBJECTS.items()]

    def sentence(self) -> str:
        """Return what is known, what is not, and what nothing shows."""
        parts = []
        for value, words in ((True, "Known are"), (False, "not known:"), (None, "not shown:")):
            found = [
                subject + (f" ({claim.reason})" if claim.reason and value is not True else "")
                for subject, claim in self.rows()
                if claim.converged is value
            ]
            if found:
                parts.append(f"{words} {_listed(found)}")
        text = "; ".join(parts)
        return f"{text[:1].upper()}{text[1:]}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
