r"""Outcomes of experiments in networks of categories: the scores BDeu and BDe.

Rows are drawn, and their probability given a graph is computed, one row after the other: with the counts N of all rows
before, a node is in state x given configuration c of its parents with probability
:math:`(N_{cx} + a) / (N_c + r a)`, :math:`a = \alpha / (r q)`. The product over rows is the ratio of marginal
likelihoods, :math:`p(D \cup Y \mid G) / p(D \mid G)`, as the tables are integrated out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final, no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from dag_gfn.errors import NotTractable
from dag_gfn.experiment_choice.families import Families
from dag_gfn.experiment_choice.outcomes import OBSERVE, Experiment, arm_of_rows, spread_over
from dag_gfn.graphs import graph, subsets

MAX_CELLS = 20_000_000
"""Largest number of cells of all families' tables together."""
_SMALL = 1e-200  # products below it become logarithms


@final
@dataclass(frozen=True, eq=False)
class DiscreteOutcomes:
    """The predictive distribution of experiments under Dirichlet priors.

    Attributes
    ----------
    rows : ndarray, shape (u, d), int64
        Distinct rows of codes.
    counts : ndarray, shape (1, u) or (d, u), float64
        How often each occurs; one line for each node where some were set before.
    cardinalities : ndarray, shape (d,), int64
    states : tuple of list of str, length d
    equivalent_sample_size : float

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.experiment_choice.discrete_outcomes import DiscreteOutcomes
    >>> rows = np.random.default_rng(0).integers(0, 2, size=(50, 2))
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, discrete="all"), progress=False)
    >>> DiscreteOutcomes.from_posterior(posterior.info, posterior.statistics).settings(0)
    ['0', '1']
    """

    rows: Int64[np.ndarray, "u d"]
    counts: Float64[np.ndarray, "l u"]
    cardinalities: Int64[np.ndarray, " d"]
    states: tuple[list[str], ...]
    equivalent_sample_size: float

    @classmethod
    def from_posterior(
        cls, info: Mapping[str, Any], statistics: Mapping[str, np.ndarray]
    ) -> "DiscreteOutcomes":
        """Return the predictive distribution that the statistics of one table determine; score ``bdeu`` or ``bde``."""
        cardinalities = statistics["cardinalities"]
        return cls(
            rows=statistics["rows"],
            counts=statistics["counts"].reshape(-1, len(statistics["rows"])).astype(np.float64),
            cardinalities=cardinalities,
            states=tuple(
                labels[:r]
                for labels, r in zip(statistics["states"].tolist(), cardinalities.tolist(), strict=True)
            ),
            equivalent_sample_size=float(info["score_options"]["equivalent_sample_size"]),
        )

    def settings(self, node: int) -> list[str]:
        """Return the states of a node: it is set to each in turn."""
        return self.states[node]

    def log_likelihoods(
        self,
        experiment: Experiment,
        graphs: Bool[np.ndarray, "s d d"],
        families: Families,
        rng: np.random.Generator,
    ) -> Float64[np.ndarray, "s f"]:
        """See :class:`dag_gfn.experiment_choice.outcomes.Outcomes`.

        Raises
        ------
        NotTractable
            If the tables of all families together have more than `MAX_CELLS` cells.
        """
        scored, drawn = self._tables(families), Families.of(graphs)
        set_node = arm_of_rows(experiment)
        set_state = np.concatenate(
            [
                spread_over(1 if target == OBSERVE else int(self.cardinalities[target]), experiment.rows)
                for target in experiment.targets
            ]
        )
        order = np.argsort(graph.transitive_closure(graphs).sum(axis=1), axis=1, kind="stable")
        found = np.zeros((len(graphs), len(families)))
        _simulate_and_score(
            *self._tables(drawn),
            drawn.of_graph,
            order,
            *scored,
            families.nodes,
            set_node,
            set_state,
            self.cardinalities,
            rng,
            found,
        )
        return found

    def _tables(self, families: Families) -> tuple[np.ndarray, ...]:
        """Return the tables of counts of families, one after the other.

        Returns
        -------
        cells, totals : ndarray, float64
            Counts by configuration and state, and by configuration.
        starts : ndarray, shape (f,), int64
            The first configuration of each family.
        offsets : ndarray, shape (f,), int64
            Its first cell.
        strides : ndarray, shape (f, d), int64
            Number of a configuration = strides @ row; 0 for what is no parent.
        pseudo_counts : ndarray, shape (f,), float64
        """
        d, r = len(self.cardinalities), self.cardinalities
        members = subsets.unpack(families.parents, d)
        strides = np.zeros((len(families), d), dtype=np.int64)
        sizes = []
        for f, row in enumerate(members):
            q = 1
            for j in np.flatnonzero(row)[::-1].tolist():
                strides[f, j] = q
                q *= int(r[j])
            sizes.append(q)
        num_cells = [q * int(r[node]) for q, node in zip(sizes, families.nodes, strict=True)]
        if sum(num_cells) > MAX_CELLS:
            raise NotTractable(
                f"the tables of all families have {sum(num_cells):,} cells, more than {MAX_CELLS:,}: use fewer graphs "
                "(num_graphs=, --graphs), or fit with fewer parents (max_parents, --max-parents)"
            )
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(num_cells)[:-1]]).astype(np.int64)
        cells, totals = np.zeros(sum(num_cells)), np.zeros(sum(sizes))
        for f, node in enumerate(families.nodes.tolist()):
            weights = self.counts[node if len(self.counts) > 1 else 0]
            configurations = self.rows @ strides[f]
            numbers = configurations * int(r[node]) + self.rows[:, node]
            stop = offsets[f] + num_cells[f]
            cells[offsets[f] : stop] = np.bincount(numbers, weights=weights, minlength=num_cells[f])
            totals[starts[f] : starts[f] + sizes[f]] = np.bincount(
                configurations, weights=weights, minlength=sizes[f]
            )
        pseudo = self.equivalent_sample_size / np.array(num_cells, dtype=np.float64)
        return cells, totals, starts, offsets, strides, pseudo


@njit(cache=True, nogil=True)
@no_type_check
def _simulate_and_score(
    own_cells,
    own_totals,
    own_starts,
    own_offsets,
    own_strides,
    own_pseudo,
    family_of,
    order,
    cells,
    totals,
    starts,
    offsets,
    strides,
    pseudo,
    nodes,
    set_node,
    set_state,
    cardinalities,
    rng,
    found,
):
    """Write log p(Y_f | data) of each family f for rows Y drawn given each graph; found: (graphs, families)."""
    d, num_rows = len(cardinalities), len(set_node)
    rows = np.zeros((num_rows, d), dtype=np.int64)
    for s in range(len(family_of)):
        # draw the rows; every row changes the counts for those after it
        for t in range(num_rows):
            for place in range(d):
                node = order[s, place]
                if node == set_node[t]:
                    rows[t, node] = set_state[t]
                    continue
                f = family_of[s, node]
                configuration = 0
                for i in range(d):
                    configuration += own_strides[f, i] * rows[t, i]
                r, a = cardinalities[node], own_pseudo[f]
                first = own_offsets[f] + configuration * r
                left = rng.random() * (own_totals[own_starts[f] + configuration] + r * a)
                state = 0
                while state < r - 1:
                    left -= own_cells[first + state] + a
                    if left < 0.0:
                        break
                    state += 1
                rows[t, node] = state
                own_cells[first + state] += 1.0
                own_totals[own_starts[f] + configuration] += 1.0
        for t in range(num_rows):  # as before
            for node in range(d):
                if node == set_node[t]:
                    continue
                f = family_of[s, node]
                configuration = 0
                for i in range(d):
                    configuration += own_strides[f, i] * rows[t, i]
                own_cells[own_offsets[f] + configuration * cardinalities[node] + rows[t, node]] -= 1.0
                own_totals[own_starts[f] + configuration] -= 1.0
        for f in range(len(nodes)):
            node, a = nodes[f], pseudo[f]
            r = cardinalities[node]
            total, product = 0.0, 1.0
            for undo in range(2):
                for t in range(num_rows):
                    if node == set_node[t]:
                        continue
                    configuration = 0
                    for i in range(d):
                        configuration += strides[f, i] * rows[t, i]
                    cell, group = offsets[f] + configuration * r + rows[t, node], starts[f] + configuration
                    if undo == 1:
                        cells[cell] -= 1.0
                        totals[group] -= 1.0
                        continue
                    product *= (cells[cell] + a) / (totals[group] + r * a)
                    if product < _SMALL:
                        total += np.log(product)
                        product = 1.0
                    cells[cell] += 1.0
                    totals[group] += 1.0
            found[s, f] = total + np.log(product)
