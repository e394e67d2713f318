"""The conditional probability table of one family, of which few parent configurations have data."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float64, Int64

SMALL = 80.0
r"""A gamma variate of concentration a is :math:`G e^{-E / a}` with G of concentration a + 1 and E exponential; where
:math:`E / a` exceeds this, it is too small beside an ordinary one to change a float64."""
MAX_RARE = 0.1
"""Largest share of configurations without data for which the short way of drawing pays."""


@final
@dataclass(frozen=True, eq=False)
class FamilyTables:
    r"""Dirichlet posterior of :math:`P(\text{node} \mid \text{parents})`, with the cells that have data.

    The concentration of a cell is `pseudo_count` plus its count. Configurations are parent states, numbered
    in row-major order; cell = configuration · r + state.

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
        """Whether a configuration without data is nearly always sure of one state."""
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

        The node's axis comes first here: sums over parents then run along memory.
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
        r = self.num_states
        wanted = (configurations[:, None] * r + np.arange(r)).reshape(-1)
        rows = np.full(len(wanted), self.pseudo_count)
        if len(self.cells):
            at = np.minimum(np.searchsorted(self.cells, wanted), len(self.cells) - 1)
            found = self.cells[at] == wanted
            rows[found] += self.counts[at[found]]
        return rows.reshape(-1, r)

    def _seen_rows(self, configurations: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        """Return draws at configurations that have data, shape (k, c, r): cells without data are seldom above 0."""
        concentrations = self._concentrations_at(configurations)
        a, (c, r) = self.pseudo_count, concentrations.shape
        variates = np.zeros((k, c, r))
        row, state = np.nonzero(concentrations > a)
        variates[:, row, state] = rng.standard_gamma(concentrations[row, state], size=(k, len(row)))
        empty = (concentrations <= a).sum(axis=1)
        # the least of m exponentials E_i / a is exponential with rate m a, and of each i with probability 1 / m
        with np.errstate(divide="ignore"):
            least = rng.standard_exponential((k, c)) / (empty * a)
        draw, at = np.nonzero(least <= SMALL)
        if len(draw):
            exponents = np.where(
                concentrations[at] <= a, rng.standard_exponential((len(draw), r)) / a, np.inf
            )
            # exponentials beyond their least are exponential again
            exponents += (least[draw, at] - exponents.min(axis=1))[:, None]
            variates[draw, at] += rng.standard_gamma(1.0 + a, (len(draw), r)) * np.exp(-exponents)
        return variates / variates.sum(axis=-1, keepdims=True)


def _fill_unseen(drawn: Float64[np.ndarray, "k r q"], a: float, rng: np.random.Generator) -> None:
    """Write draws from the symmetric Dirichlet distribution of a small concentration into an array of zeros.

    The largest variate belongs to the state with the least :math:`E_i / a`. The gap to the next is exponential
    with rate (r - 1) a: beyond `SMALL` all others vanish. One uniform number decides both.
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
        if len(rare):
            exponents = rng.standard_exponential((len(rare), r)) / a
            exponents[:, 0] = 0.0
            exponents[:, 1:] -= exponents[:, 1:].min(axis=1, keepdims=True)
            exponents[:, 1:] -= (np.log(uniform[rare]) / ((r - 1) * a))[:, None]
            log_gamma = np.log(rng.standard_gamma(1.0 + a, (len(rare), r))) - exponents
            variates = np.exp(log_gamma - log_gamma.max(axis=1, keepdims=True))
            variates /= variates.sum(axis=1, keepdims=True)
            table[:, rare] = rng.permuted(variates, axis=1).T


def _dirichlet(concentrations: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k draws from Dirichlet distributions along the last axis, shape (k, ...).

    With a concentration a near 0 a gamma variate underflows; its log is that of a variate with a + 1 minus
    E / a for an exponential E.
    """
    shape = (k, *concentrations.shape)
    log_gamma = np.log(rng.standard_gamma(concentrations + 1.0, size=shape))
    log_gamma -= rng.standard_exponential(shape) / concentrations
    log_gamma -= log_gamma.max(axis=-1, keepdims=True)
    tables = np.exp(log_gamma)
    return tables / tables.sum(axis=-1, keepdims=True)
