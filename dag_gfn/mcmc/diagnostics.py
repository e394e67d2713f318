"""Whether chains agree: R-hat and effective draws of edge probabilities, by ArviZ."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from dag_gfn.posterior.limits import chains_agree
from dag_gfn.quiet_import import quiet_import

NEGLIGIBLE_DEVIATION = 0.01
"""Traces with a smaller standard deviation are left out of the verdict: their errors are negligible."""


@dataclass(frozen=True, eq=False)
class ChainDiagnostics:
    """How well several chains agree, and how many independent draws they are worth.

    Attributes
    ----------
    r_hat : ndarray, float64
        Rank-normalised split R-hat of each trace; nan where nothing varies.
    effective_draws : ndarray, float64
        For the mean of each trace, over all chains; nan where nothing varies.
    standard_error : ndarray, float64
        Monte-Carlo standard error of each mean.
    max_r_hat, min_effective_draws : float
        Over the traces that vary by more than ``NEGLIGIBLE_DEVIATION``, and those that are constant in each chain
        but differ by more than that between chains; 1 and the number of draws if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.diagnostics import ChainDiagnostics
    >>> few = ChainDiagnostics(np.array([1.2]), np.array([90.0]), np.array([0.05]), 1.2, 90.0)
    >>> few.converged
    False
    """

    r_hat: Float64[np.ndarray, "*shape"]
    effective_draws: Float64[np.ndarray, "*shape"]
    standard_error: Float64[np.ndarray, "*shape"]
    max_r_hat: float
    min_effective_draws: float

    @property
    def converged(self) -> bool:
        """Whether chains agree and are long enough. Chains that all miss the same mode agree, too."""
        return chains_agree(self.max_r_hat, self.min_effective_draws)


def diagnose(traces: Float64[np.ndarray, "c k *shape"], *, merged: int = 1) -> ChainDiagnostics:
    """Return the diagnostics of traces of c chains with k draws each.

    Parameters
    ----------
    traces : ndarray, shape (c, k, ...), float64
        For example the probability of each edge given the chain's layering, shape (c, k, d, d).
    merged : int
        Neighbouring draws whose mean is taken before R-hat and autocorrelations are computed, which makes that
        quicker. The standard error of a mean is the same for means of blocks, but for what its estimate is off by;
        effective draws are of the draws before they are merged. The first draws are left out if there is a rest.

    Raises
    ------
    ValueError
        If there are fewer than 2 chains or 4 draws, after merging.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner, Bayesian Analysis 16, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.diagnostics import diagnose
    >>> rng = np.random.default_rng(0)
    >>> told = diagnose(rng.normal(size=(4, 500)))
    >>> round(told.max_r_hat, 2), told.min_effective_draws > 1500
    (1.0, True)
    >>> diagnose(rng.normal(size=(4, 500)) + np.arange(4)[:, None]).converged  # each chain around a value of its own
    False
    """
    chains, draws = traces.shape[0], traces.shape[1] // merged
    if chains < 2 or draws < 4:
        raise ValueError(f"expected at least 2 chains of 4 draws, not {chains} of {draws}")
    shape = traces.shape[2:]
    flat = traces[:, traces.shape[1] - draws * merged :].reshape(chains, draws * merged, -1)
    deviation = flat.std(axis=(0, 1))
    r_hat, effective = np.full((2, flat.shape[2]), np.nan)
    stuck = (flat == flat[:, :1]).all(axis=(0, 1)) & (deviation > 0)  # each chain at a value of its own
    r_hat[stuck], effective[stuck] = np.inf, 1.0
    varying = np.flatnonzero((deviation > 0) & ~stuck)
    if varying.size:
        blocks = flat[:, :, varying].reshape(chains, draws, merged, -1).mean(axis=2)
        r_hat[varying], of_blocks = _by_arviz(blocks)
        if merged > 1:  # the variance of one draw over that of the mean, which blocks tell
            of_blocks *= (deviation[varying] / np.maximum(blocks.std(axis=(0, 1)), 1e-300)) ** 2
        effective[varying] = of_blocks
    effective = np.minimum(
        effective, chains * draws * merged
    )  # antithetic chains may be worth more, but not reliably
    error = np.where(deviation > 0, deviation / np.sqrt(effective), 0.0)
    # no chain has left its value: how much of the mass is at each is not known, however small the deviation
    judged = (deviation > NEGLIGIBLE_DEVIATION) | stuck & (np.ptp(flat, axis=(0, 1)) > NEGLIGIBLE_DEVIATION)
    return ChainDiagnostics(
        r_hat=r_hat.reshape(shape),
        effective_draws=effective.reshape(shape),
        standard_error=error.reshape(shape),
        max_r_hat=float(r_hat[judged].max(initial=1.0)),
        min_effective_draws=float(effective[judged].min(initial=chains * draws * merged)),
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
