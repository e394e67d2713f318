"""The posterior of the conditional probability table of one family, stored as its cells that have data.

A table may have far more parent configurations than there are rows. Only the cells with data are stored, and the
configurations without data are drawn by a short cut where their distribution is nearly always at one state.

Draws from a Dirichlet distribution are normalised gamma variates. A gamma variate of a small concentration a
underflows, so it is written as :math:`G U^{1/a} = G e^{-E/a}` with G of concentration a + 1, U uniform and E
exponential (Marsaglia and Tsang, "A simple method for generating gamma variables", ACM Transactions on Mathematical
Software 26 (2000)).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float64, Int64

SMALL = 80.0
r"""Where :math:`E / a` exceeds this, the gamma variate is too small relative to an ordinary one to change a float64."""
MAX_RARE = 0.1
"""The short cut is used if at most about this share of configurations without data needs an ordinary draw."""


@final
@dataclass(frozen=True, eq=False)
class FamilyTables:
    r"""Dirichlet posterior of :math:`P(\text{node} \mid \text{parents})`.

    The concentration of a cell is `pseudo_count` plus its count. A configuration is one combination of the parents'
    states; configurations are numbered in row-major order. A cell has number configuration · r + state.

    Attributes
    ----------
    shape : tuple of int
        The cardinalities of the parents, then r, that of the node.
    pseudo_count : float
        The concentration of a cell without data.
    cells : ndarray, shape (m,), int64
        The cells that have data, in ascending order.
    counts : ndarray, shape (m,), float64
        How many rows each has.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.family_tables import FamilyTables
    >>> family = FamilyTables((2, 2), 1.0, np.array([0, 1]), np.array([6.0, 2.0]))  # no data for parent state 1
    >>> family.expected().tolist()
    [[0.7, 0.3], [0.5, 0.5]]
    >>> draws = family.sample(20_000, np.random.default_rng(0))  # (k, states of the node, states of the parent)
    >>> draws.mean(axis=0).T.round(2).tolist()
    [[0.7, 0.3], [0.5, 0.5]]
    """

    shape: tuple[int, ...]
    pseudo_count: float
    cells: Int64[np.ndarray, " m"]
    counts: Float64[np.ndarray, " m"]

    @property
    def size(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @property
    def num_states(self) -> int:
        """Number r of states of the node."""
        return self.shape[-1]

    @cached_property
    def seen(self) -> Int64[np.ndarray, " s"]:
        """The configurations that have data, in ascending order."""
        return np.unique(self.cells // self.num_states)

    @property
    def is_sparse(self) -> bool:
        """Whether a configuration without data nearly always gives all its mass to one state."""
        return self.num_states > 1 and SMALL * self.pseudo_count * self.num_states <= MAX_RARE

    def concentrations(self) -> Float64[np.ndarray, "*shape"]:
        """Return the Dirichlet concentrations, shape `shape`."""
        dense = np.full(self.size, self.pseudo_count)
        dense[self.cells] += self.counts
        return dense.reshape(self.shape)

    def expected(self) -> Float64[np.ndarray, "*shape"]:
        """Return the posterior mean, shape `shape`."""
        everything = self.concentrations()
        return everything / everything.sum(axis=-1, keepdims=True)

    def sample(self, k: int, rng: np.random.Generator) -> Float64[np.ndarray, "k r *parents"]:
        """Return k tables drawn from the posterior, shape (k, r, *cardinalities of the parents).

        The node's axis comes before the parents', so that sums over parents read memory in order.
        """
        r, parents = self.num_states, self.shape[:-1]
        if self.is_sparse:
            drawn = np.zeros((k, r, self.size // r))
            _fill_unseen(drawn, self.pseudo_count, rng)
            drawn[:, :, self.seen] = self._seen_rows(self.seen, k, rng).transpose(0, 2, 1)
        else:
            drawn = _dirichlet(self.concentrations().reshape(-1, r), k, rng).transpose(0, 2, 1)
        return np.ascontiguousarray(drawn).reshape(k, r, *parents)

    def expected_rows(self, configurations: Int64[np.ndarray, " c"]) -> Float64[np.ndarray, "c r"]:
        """Return the posterior mean at some configurations."""
        rows = self._concentrations_at(configurations)
        return rows / rows.sum(axis=-1, keepdims=True)

    def sample_rows(
        self, configurations: Int64[np.ndarray, " c"], rng: np.random.Generator
    ) -> Float64[np.ndarray, "c r"]:
        """Return one draw of the table at some distinct configurations."""
        if not self.is_sparse:
            return _dirichlet(self._concentrations_at(configurations), 1, rng)[0]
        drawn = np.zeros((1, self.num_states, len(configurations)))
        _fill_unseen(drawn, self.pseudo_count, rng)
        rows = drawn[0].T
        known = np.isin(configurations, self.seen)
        rows[known] = self._seen_rows(configurations[known], 1, rng)[0]
        return rows

    def _concentrations_at(self, configurations: np.ndarray) -> np.ndarray:
        """Return the Dirichlet concentrations at some configurations, shape (c, r)."""
        r = self.num_states
        wanted = (configurations[:, None] * r + np.arange(r)).reshape(-1)
        rows = np.full(len(wanted), self.pseudo_count)
        if len(self.cells):
            at = np.minimum(np.searchsorted(self.cells, wanted), len(self.cells) - 1)
            found = self.cells[at] == wanted
            rows[found] += self.counts[at[found]]
        return rows.reshape(-1, r)

    def _seen_rows(self, configurations: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        """Return draws at configurations that have data, shape (k, c, r).

        Cells with data get gamma variates. The cells without data get 0, unless the least of their exponents E / a is
        below `SMALL`, which is rare.
        """
        concentrations = self._concentrations_at(configurations)
        a, (c, r) = self.pseudo_count, concentrations.shape
        variates = np.zeros((k, c, r))
        row, state = np.nonzero(concentrations > a)
        variates[:, row, state] = rng.standard_gamma(concentrations[row, state], size=(k, len(row)))
        empty = (concentrations <= a).sum(axis=1)
        # the minimum of m independent E_i / a is exponential with rate m a
        with np.errstate(divide="ignore"):
            least = rng.standard_exponential((k, c)) / (empty * a)
        draw, at = np.nonzero(least <= SMALL)
        if len(draw):
            exponents = np.where(
                concentrations[at] <= a, rng.standard_exponential((len(draw), r)) / a, np.inf
            )
            # exponentials minus their minimum are independent of it: shift drawn ones to the minimum drawn before
            exponents += (least[draw, at] - exponents.min(axis=1))[:, None]
            variates[draw, at] += rng.standard_gamma(1.0 + a, (len(draw), r)) * np.exp(-exponents)
        return variates / variates.sum(axis=-1, keepdims=True)


def _fill_unseen(drawn: Float64[np.ndarray, "k r q"], a: float, rng: np.random.Generator) -> None:
    """Write draws from the symmetric Dirichlet distribution of a small concentration into an array of zeros.

    The state with the least :math:`E_i / a` has the largest variate; each state is equally likely to. The gap to the
    second least is exponential with rate (r - 1) a. Where it exceeds `SMALL`, all other variates vanish and the state
    gets all the mass. One uniform number U decides both: the gap exceeds `SMALL` if U < beyond, and U / beyond is
    uniform then and picks the state.

    Parameters
    ----------
    drawn : ndarray, shape (k, r, q), float64
        Zeros; k tables with r states and q configurations.
    a : float
        The concentration of every cell.
    """
    _, r, q = drawn.shape
    beyond = math.exp(-SMALL * (r - 1) * a)
    columns = np.arange(q)
    for table in drawn:  # one at a time stays in the processor's cache
        uniform = rng.random((q,))
        rare = np.flatnonzero(uniform >= beyond)
        largest = (uniform * (r / beyond)).astype(np.intp)
        np.minimum(largest, r - 1, out=largest)  # the quotient may round to r
        largest *= q
        largest += columns
        table.reshape(-1)[largest] = 1.0
        if len(rare):  # gap = -log(U) / ((r - 1) a) < SMALL: draw all states, the largest first
            exponents = rng.standard_exponential((len(rare), r)) / a
            exponents[:, 0] = 0.0
            exponents[:, 1:] -= exponents[:, 1:].min(axis=1, keepdims=True)
            exponents[:, 1:] -= (np.log(uniform[rare]) / ((r - 1) * a))[:, None]
            log_gamma = np.log(rng.standard_gamma(1.0 + a, (len(rare), r))) - exponents
            variates = np.exp(log_gamma - log_gamma.max(axis=1, keepdims=True))
            variates /= variates.sum(axis=1, keepdims=True)
            table[:, rare] = rng.permuted(
                variates, axis=1
            ).T  # every state is equally likely to be the largest


def _dirichlet(concentrations: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k draws from Dirichlet distributions along the last axis, shape (k, ...), by logs of gamma variates."""
    shape = (k, *concentrations.shape)
    log_gamma = np.log(rng.standard_gamma(concentrations + 1.0, size=shape))
    log_gamma -= rng.standard_exponential(shape) / concentrations
    log_gamma -= log_gamma.max(axis=-1, keepdims=True)
    tables = np.exp(log_gamma)
    return tables / tables.sum(axis=-1, keepdims=True)
