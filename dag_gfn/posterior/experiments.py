"""The experiments behind a posterior: what was set in its rows, and its context columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from dag_gfn.graphs.interventional import oriented_pairs


@dataclass(frozen=True)
class Experiments:
    """What an experimenter set, and which columns are contexts, as posterior.json records it.

    Attributes
    ----------
    targets : tuple of (tuple of str, int)
        Each different set of nodes that was set together, with the number of rows; () for rows in which nothing was.
        Empty where no experiment is recorded.
    contexts : tuple of str
        Columns that can only be causes.

    Examples
    --------
    >>> from dag_gfn.posterior.experiments import Experiments
    >>> info = {"interventions": [{"nodes": ["mek"], "rows": 80}, {"nodes": [], "rows": 200}]}
    >>> experiments = Experiments.from_info(info)
    >>> experiments.targets, bool(experiments)
    ((((), 200), (('mek',), 80)), True)
    """

    targets: tuple[tuple[tuple[str, ...], int], ...] = ()
    contexts: tuple[str, ...] = ()

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> "Experiments":
        """Return the experiments that `GraphPosterior.info` records."""
        recorded = info.get("interventions") or ()
        targets = sorted((tuple(each["nodes"]), int(each["rows"])) for each in recorded)
        return cls(tuple(targets), tuple(info.get("contexts") or ()))

    @classmethod
    def of_mask(
        cls, intervened: Bool[np.ndarray, "n d"] | None, names: Sequence[str], contexts: Sequence[str] = ()
    ) -> "Experiments":
        """Return the experiments of a mask over rows and nodes.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior.experiments import Experiments
        >>> Experiments.of_mask(np.array([[True, False], [False, False]]), ["a", "b"]).targets
        (((), 1), (('a',), 1))
        """
        if intervened is None:
            return cls((), tuple(contexts))
        sets, rows = np.unique(intervened, axis=0, return_counts=True)
        found = [
            (tuple(names[j] for j in np.flatnonzero(chosen).tolist()), int(count))
            for chosen, count in zip(sets, rows, strict=True)
        ]
        return cls(tuple(sorted(found)), tuple(contexts))

    def __bool__(self) -> bool:
        """Return whether there is an experiment or a context."""
        return bool(self.targets or self.contexts)

    def to_json(self) -> dict[str, Any]:
        """Return what posterior.json records."""
        return {
            "interventions": [{"nodes": list(nodes), "rows": rows} for nodes, rows in self.targets] or None,
            "contexts": list(self.contexts),
        }

    def oriented(self, names: Sequence[str]) -> Bool[np.ndarray, "d d"] | None:
        """Return the pairs of nodes whose edge these experiments orient, symmetric; None where they orient nothing.

        Examples
        --------
        >>> from dag_gfn.posterior.experiments import Experiments
        >>> Experiments(contexts=("batch",)).oriented(["batch", "x"]).tolist()
        [[False, True], [True, False]]
        """
        if not self:
            return None
        targets = np.array([[name in nodes for name in names] for nodes, _ in self.targets], dtype=bool)
        sources = np.array([name in self.contexts for name in names])
        return oriented_pairs(targets.reshape(-1, len(names)), sources)
