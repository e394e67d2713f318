"""Whether chains have mixed: R-hat and effective sample size of edge probabilities, by ArviZ."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from dag_gfn.posterior.verdict import MAX_R_HAT, MIN_EFFECTIVE_DRAWS
from dag_gfn.quiet_import import quiet_import

NEGLIGIBLE_DEVIATION = 0.01
"""Traces with a smaller standard deviation are left out of the verdict: no error of theirs would matter."""


@dataclass(frozen=True, eq=False)
class ChainDiagnostics:
    """How well several chains agree and how many independent draws theirs are worth.

    Attributes
    ----------
    r_hat : ndarray, float64
        Rank-normalised split R-hat of each trace; nan where nothing varies.
    effective_draws : ndarray, float64
        For the mean of each trace, over all chains; nan where nothing varies.
    standard_error : ndarray, float64
        Monte-Carlo standard error of each mean.
    max_r_hat, min_effective_draws : float
        Over the traces that vary by more than ``NEGLIGIBLE_DEVIATION``, and those of which each chain has one value
        only and these are so far apart; 1 and the number of draws if there are none.
    """

    r_hat: Float64[np.ndarray, "*shape"]
    effective_draws: Float64[np.ndarray, "*shape"]
    standard_error: Float64[np.ndarray, "*shape"]
    max_r_hat: float
    min_effective_draws: float

    @property
    def converged(self) -> bool:
        """Whether chains agree and are long enough. Chains that all miss the same mode agree, too."""
        return self.max_r_hat <= MAX_R_HAT and self.min_effective_draws >= MIN_EFFECTIVE_DRAWS


def diagnose(traces: Float64[np.ndarray, "c k *shape"]) -> ChainDiagnostics:
    """Return the diagnostics of traces of c chains with k draws each.

    Parameters
    ----------
    traces : ndarray, shape (c, k, ...), float64
        For example the probability of each edge given the chain's layering, shape (c, k, d, d).

    Raises
    ------
    ValueError
        If there are fewer than 2 chains or 4 draws.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner, Bayesian Analysis 16, 2021.
    """
    chains, draws = traces.shape[:2]
    if chains < 2 or draws < 4:
        raise ValueError(f"expected at least 2 chains of 4 draws, not {chains} of {draws}")
    shape = traces.shape[2:]
    flat = traces.reshape(chains, draws, -1)
    deviation = flat.std(axis=(0, 1))
    r_hat, effective = np.full((2, flat.shape[2]), np.nan)
    stuck = (flat == flat[:, :1]).all(axis=(0, 1)) & (deviation > 0)  # each chain at a value of its own
    r_hat[stuck], effective[stuck] = np.inf, 1.0
    varying = np.flatnonzero((deviation > 0) & ~stuck)
    if varying.size:
        r_hat[varying], effective[varying] = _by_arviz(flat[:, :, varying])
    effective = np.minimum(effective, chains * draws)  # antithetic chains may be worth more, but not reliably
    error = np.where(deviation > 0, deviation / np.sqrt(effective), 0.0)
    # no chain has left its value: how much of the mass is at each is not known, however small the deviation
    judged = (deviation > NEGLIGIBLE_DEVIATION) | stuck & (np.ptp(flat, axis=(0, 1)) > NEGLIGIBLE_DEVIATION)
    return ChainDiagnostics(
        r_hat=r_hat.reshape(shape),
        effective_draws=effective.reshape(shape),
        standard_error=error.reshape(shape),
        max_r_hat=float(r_hat[judged].max(initial=1.0)),
        min_effective_draws=float(effective[judged].min(initial=chains * draws)),
    )


def _by_arviz(
    traces: Float64[np.ndarray, "c k m"],
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    arviz = quiet_import("arviz")  # slow, brings matplotlib, and announces its next version
    with np.errstate(all="ignore"):  # 0 / 0, which is nan below
        data = arviz.convert_to_dataset({"trace": traces})
        r_hat = arviz.rhat(data, method="rank")["trace"].to_numpy()
        effective = arviz.ess(data, method="mean")["trace"].to_numpy()
    # nan where, rank by rank, nothing varies within the halves of chains
    return np.where(np.isnan(r_hat), np.inf, r_hat), np.where(np.isnan(effective), 1.0, effective)
