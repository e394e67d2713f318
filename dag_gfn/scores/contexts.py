"""Scores of tables with contexts: columns that can only be causes, such as experiments, batches and sites."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from dag_gfn.data.contexts import without_contexts
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.graphs.subsets import parent_sets, subsets_within
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.moments import Moments

MAX_KEPT = 1 << 29
"""Bytes of scores of single configurations that are kept while a complete table is made."""
MAX_SCORES = 1 << 14
"""Scores of single configurations that are kept, each with a matrix over the columns."""
MAX_CONTEXTS = 16
"""Context columns of which a complete table is made; with more, families are scored one by one."""


class ContextScore(LocalScore):
    r"""A score of nodes that contexts act on: mechanisms may differ between the configurations of context parents.

    With the parents P among the variables and C among the contexts,

    .. math:: \text{local}(j, P \cup C) = \sum_c \text{score}(j \mid P; \text{rows with } C = c),

    the sum over the configurations c of the contexts C that occur. Every configuration has parameters of its own with
    the same prior. So an edge from a context to j says that the mechanism of j, given its parents, is not the same in
    all of these experiments: an unknown, soft intervention. Contexts themselves have no parents and the score 0.
    Discrete scores have parameters for each configuration of the parents anyway; there a context is a parent like
    others, and only its own score is left out.

    Rows in which a node was set by the experimenter do not count for that node, as in the scores without contexts.

    Parameters
    ----------
    data : Dataset
        With `contexts`.
    name : str
        ``bge``, ``block``, or a discrete score.
    make : callable
        Returns the score of a dataset, with its hyperparameters: of all columns for a discrete score, and of the
        columns that are no contexts for ``bge`` and ``block``.

    References
    ----------
    Mooij, Magliacane and Claassen, "Joint causal inference from multiple contexts", JMLR 21 (2020): contexts as
    exogenous variables. Kuipers and Moffa, "Bayesian causal discovery from unknown general interventions" (2023): the
    sum over experiments for BGe.

    Examples
    --------
    In the second batch y has another mean given x, while x is the same in both:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.scores import make_score
    >>> rng = np.random.default_rng(0)
    >>> batch = np.repeat(["one", "two"], 50)
    >>> x = rng.normal(size=100)
    >>> frame = pd.DataFrame({"x": x, "y": x + 2.0 * (batch == "two") + rng.normal(size=100), "batch": batch})
    >>> score = make_score("bge", dag_gfn.from_frame(frame, context=["batch"]).standardize())
    >>> gain = [np.diff(score.local_scores(node, np.array([0, 0b100])))[0] for node in (0, 1)]
    >>> bool(gain[0] < 0), bool(gain[1] > 3)
    (True, True)
    """

    name = "bge"
    kind = "mixed"
    takes_groups = True
    honours_interventions = True
    is_equivalent = True
    needs_rows = True

    def __init__(self, data: Dataset, name: str, make: Callable[[Dataset], LocalScore]):
        self.data = data
        self.name = name  # type: ignore[misc]  # that of the score inside
        self._contexts = tuple(j for j, node in enumerate(data.nodes) if node in data.contexts)
        self._variables = tuple(j for j in range(len(data.nodes)) if j not in self._contexts)
        self._discrete = data.kind == "discrete" and name not in ("bge", "block")
        self._scores: dict[int, LocalScore] = {}
        self._known_parts: dict[int, list[int]] = {}
        self._whole = make(replace(data, contexts=()) if self._discrete else without_contexts(data))
        if not self._discrete:
            self._set_configurations()

    @property
    def contexts(self) -> tuple[int, ...]:
        """See :class:`LocalScore`."""
        return self._contexts

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`."""
        return self._whole.families_per_second if self._discrete else 5e4 / (1 + len(self._contexts))

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`; they are those of the columns that are no contexts."""
        return self._whole.hyperparameters

    def doubts(self) -> list[Doubt]:
        """See :class:`LocalScore`."""
        return self._whole.doubts()

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return nothing: parameters differ between experiments, so that there is no one table of moments."""
        return self._whole.statistics() if self._discrete else {}

    # --- Gaussian scores: one score for each set of rows ---

    def _set_configurations(self) -> None:
        """Find the joint configurations of all contexts, and the design of the variables."""
        columns = [self.data.names.index(self.data.nodes[j]) for j in self._contexts]
        self._levels, self._configuration = np.unique(
            self.data.values[:, columns], axis=0, return_inverse=True
        )  # (g, contexts), (n,)
        self._design = _design_of(self._whole)
        self._options: dict[str, Any] = {
            name: value
            for name, value in self._whole.hyperparameters.items()
            if name in ("alpha_mu", "alpha_w")
        }

    def _parts(self, contexts: int) -> list[int]:
        """Return the configurations of a set of contexts, each as a bitmask over the joint configurations."""
        known = self._known_parts.get(contexts)
        if known is not None:
            return known
        chosen = [k for k in range(len(self._contexts)) if contexts >> k & 1]
        _, part_of = np.unique(self._levels[:, chosen], axis=0, return_inverse=True)
        parts = [
            sum(1 << g for g in np.flatnonzero(part_of == part).tolist())
            for part in range(int(part_of.max()) + 1)
        ]
        if len(self._known_parts) >= MAX_SCORES:
            self._known_parts.clear()
        self._known_parts[contexts] = parts
        return parts

    def _score_of(self, part: int) -> LocalScore:
        """Return the score of the rows with certain joint configurations."""
        known = self._scores.get(part)
        if known is not None:
            return known
        here = np.array([part >> g & 1 for g in range(len(self._levels))], dtype=bool)[self._configuration]
        design = self._design
        nodes = range(1 if design.intervened is None else len(design.names))
        used = [here & design.observed_rows(k) for k in nodes]
        moments = [
            Moments.of(design.columns[rows], None if design.weights is None else design.weights[rows])
            for rows in used
        ]
        score = BlockBGe.from_moments(moments, design.widths, design.names, **self._options)
        if len(self._scores) >= MAX_SCORES:
            self._scores.clear()
        self._scores[part] = score  # several threads may compute it: any of the equal results stays
        return score

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        if node in self._contexts or not len(parents):
            return np.zeros(len(parents))
        if self._discrete:
            return self._whole.local_scores(node, parents)
        own, contexts = self._split(parents)
        families: dict[int, list[Int64[np.ndarray, " some"]]] = {}  # that have rows of their own in each part
        masks, which = np.unique(contexts, return_inverse=True)
        order = np.argsort(which, kind="stable")
        for chosen, here in zip(
            masks.tolist(), np.split(order, np.cumsum(np.bincount(which))[:-1]), strict=True
        ):
            for part in self._parts(chosen):
                families.setdefault(part, []).append(here)
        position, total = self._variables.index(node), np.zeros(len(parents))
        for part, groups in families.items():
            here = groups[0] if len(groups) == 1 else np.concatenate(groups)
            total[here] += self._score_of(part).local_scores(position, own[here])
        return total

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return the scores of all subsets, from those of each configuration; see :class:`LocalScore`."""
        sets = subsets_within(candidates)
        if node in self._contexts or self._discrete:
            return self.local_scores(node, sets)
        own, contexts = self._split(sets)
        within, place = int(np.bitwise_or.reduce(own)), np.unique(own, return_inverse=True)[1]
        position = self._variables.index(node)
        kept: dict[int, Float64[np.ndarray, " sets"]] = {}
        total = np.empty(len(sets))
        for chosen in np.unique(contexts).tolist():
            here = contexts == chosen
            for part in self._parts(chosen):
                if part not in kept:
                    kept[part] = self._score_of(part).scores_within(position, within)
            of_sets = np.sum([kept[part] for part in self._parts(chosen)], axis=0)
            total[here] = of_sets[place[here]]
        return total

    def _split(
        self, parents: Int64[np.ndarray, " m"]
    ) -> tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]]:
        """Return the parents among the variables and those among the contexts, as bitmasks over each."""
        own, contexts = np.zeros_like(parents), np.zeros_like(parents)
        for k, node in enumerate(self._variables):
            own |= (parents >> np.int64(node) & 1) << np.int64(k)
        for k, node in enumerate(self._contexts):
            contexts |= (parents >> np.int64(node) & 1) << np.int64(k)
        return own, contexts

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores; the scores of each configuration are computed once for all sets of contexts."""
        d, k = self.d, len(self._contexts)
        if self._discrete:
            table = self._whole.complete_table()
            table[list(self._contexts)] = 0.0
            return table
        if k > MAX_CONTEXTS:
            raise NotTractable(
                f"a complete score table of {k} contexts is too large: give fewer (--context), or one column with a "
                "level for each experiment"
            )
        size = len(self._variables)
        by_contexts = np.zeros((1 << k, size, 1 << (size - 1)))
        kept: dict[int, Float64[np.ndarray, "variables sets"]] = {}
        for chosen in range(1 << k):
            for part in self._parts(chosen):
                values = kept.get(part)
                if values is None:
                    values = self._score_of(part).complete_table()
                    if (len(kept) + 1) * values.nbytes <= MAX_KEPT:
                        kept[part] = values
                by_contexts[chosen] += values
        table = np.zeros((d, 1 << (d - 1)))
        for position, node in enumerate(self._variables):
            own, contexts = self._split(parent_sets(node, d))
            below = (1 << position) - 1
            table[node] = by_contexts[contexts, position, own & below | (own >> 1) & ~below]
        return table


def _design_of(score: LocalScore) -> BlockDesign:
    """Return the design of a Gaussian score, with the prior mean at 0."""
    if isinstance(score, BlockBGe):
        assert score.design is not None  # it was made of data
        return score.design
    data = score.data
    values = data.values - np.asarray(getattr(score, "mean_obs", 0.0))
    design = BlockDesign.from_arrays(values, data.cardinalities, data.names, weights=data.weights)
    return design if data.intervened is None else design.replace(intervened=data.intervened)


def refuse_contexts(name: str, takes: tuple[str, ...] = ("bge", "block", "bdeu", "bde")) -> None:
    """Raise OptionError unless a score can be computed with contexts.

    Examples
    --------
    >>> from dag_gfn.scores.contexts import refuse_contexts
    >>> refuse_contexts("copula")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: score 'copula' knows no contexts: choose bge, block, bdeu or bde, or leave out --context
    """
    if name not in takes:
        *most, last = takes
        raise OptionError(
            f"score {name!r} knows no contexts: choose {', '.join(most)} or {last}, or leave out --context"
        )
