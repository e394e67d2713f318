"""Parts of diagnostics that several methods share.

Fields have the names of the keys in posterior.json. None stands for what is not known or not finite.
"""

from dataclasses import dataclass

from dag_gfn.posterior.json_record import JsonRecord


@dataclass(frozen=True, kw_only=True)
class Coverage(JsonRecord):
    """How much of the weight of parent sets the candidate parents cover.

    Attributes
    ----------
    candidates : int
        Candidate parents of each node.
    covered : float
        The smallest share of the weight of a node's parent sets that they cover.
    least_covered : str or None
        The name of that node, where the share is below one.
    likely_left_out : float or None
        How many others are likely parents in random orders, on average over the nodes
        (`dag_gfn.layerings.candidates.Candidates.likely_left_out`).

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Coverage
    >>> Coverage(candidates=7, covered=1.0).to_json()
    {'candidates': 7, 'covered': 1.0}
    """

    candidates: int | None
    covered: float | None
    least_covered: str | None = None
    likely_left_out: float | None = None


@dataclass(frozen=True, kw_only=True)
class Correction(JsonRecord):
    """How draws are corrected for parents outside the candidates: by importance weights, or within chains.

    Attributes
    ----------
    corrected : bool
        Whether the draws are corrected: by chains, or by weights that can be relied on.
    log_z_shift, log_z_shift_standard_error : float
        log of the true evidence less that by candidates, in nats, and its standard error.
    corrected_effective_samples : float
        How many independent draws the corrected ones are worth.
    corrected_pareto_k : float
        Shape of the tail of the weights.
    sweeps : int or None
        Sweeps of chains that take true scores into account (`dag_gfn.mcmc.corrected_chains`). They have no weights and
        say nothing of the evidence. None where there were none.

    Examples
    --------
    >>> import math
    >>> from dag_gfn.posterior.diagnostic_parts import Correction
    >>> none_has_weight = Correction(
    ...     corrected=False, log_z_shift=-math.inf, log_z_shift_standard_error=math.inf,
    ...     corrected_effective_samples=0.0, corrected_pareto_k=math.inf)
    >>> none_has_weight.corrected_pareto_k is None
    True
    """

    corrected: bool | None
    log_z_shift: float | None
    log_z_shift_standard_error: float | None
    corrected_effective_samples: float | None
    corrected_pareto_k: float | None
    sweeps: int | None = None


@dataclass(frozen=True, kw_only=True)
class Agreement(JsonRecord):
    """How well Markov chains agree with one another.

    Attributes
    ----------
    chains : int
    max_r_hat : float
        The largest R-hat of an edge probability or of the log-weight; None where it is infinite.
    min_effective_draws : float
        How many independent draws the chains are worth at least.
    chains_agree : bool
        Whether both are within their limits.
    chain_edge_standard_error : float or None
        The largest standard error of an edge probability by the chains alone; None where it is not recorded.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Agreement
    >>> Agreement(chains=4, max_r_hat=1.01, min_effective_draws=900.0, chains_agree=True).max_r_hat
    1.01
    """

    chains: int | None
    max_r_hat: float | None
    min_effective_draws: float | None
    chains_agree: bool | None
    chain_edge_standard_error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Tempering(JsonRecord):
    """How well Markov chains exchange layerings with hotter ones, which cross what separates modes.

    Attributes
    ----------
    rungs : int
        Chains on the ladder of each chain, that one among them.
    highest_temperature : float
    min_swap_acceptance : float
        Share of the exchanges between neighbours that are accepted, for the pair with the fewest.
    arrivals : int
        How often a layering came from the highest temperature to the posterior, over all chains, without burn-in. Each
        arrival finds a mode about as often as the mode is probable.
    missing_mass : float
        The probability that a mode may have which none of so many arrivals has found, by 95 % confidence: 3 / arrivals,
        at most 1.
    log_ratio_spread : float
        Standard deviation over the chains of their estimates of the log evidence, less that at the highest temperature,
        in nats; large where chains are in different modes. None where there is one chain, or some had no exchanges.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Tempering
    >>> Tempering(
    ...     rungs=9, highest_temperature=80.0, min_swap_acceptance=0.5, arrivals=600, missing_mass=0.005,
    ...     log_ratio_spread=0.02).to_json()["arrivals"]
    600
    """

    rungs: int | None
    highest_temperature: float | None
    min_swap_acceptance: float | None
    arrivals: int | None
    missing_mass: float | None
    log_ratio_spread: float | None


@dataclass(frozen=True, kw_only=True)
class Importance(JsonRecord):
    """Diagnostics of the importance weights of a sampler's own draws.

    Attributes
    ----------
    ess : float
        Effective sample size as a share of the draws.
    log_z, log_z_standard_error : float
        Log evidence in nats and its standard error; None where the draws are worth too few to know it.
    log_z_lower, log_z_upper : float
        Bounds of the log evidence in expectation; the upper one needs draws from the true posterior.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Importance
    >>> own = Importance(ess=0.5, log_z=-3.0, log_z_standard_error=0.1, log_z_lower=-3.5, log_z_upper=None)
    >>> own.to_json()["log_z"]
    -3.0
    """

    ess: float | None
    log_z: float | None
    log_z_standard_error: float | None
    log_z_lower: float | None
    log_z_upper: float | None


@dataclass(frozen=True, kw_only=True)
class AgainstChains(JsonRecord):
    """A sampler's draws compared with those of Markov chains, by bridge sampling.

    Attributes
    ----------
    log_z_with_chains, log_z_with_chains_standard_error : float
        Log evidence by both kinds of draws, in nats; None where they hardly overlap.
    agrees_with_chains : bool
        Whether this is the evidence by the sampler's own draws, within their errors.
    share_of_chains : float
        Of the weight, where both kinds are pooled.
    pooled_effective_samples : float
        How many independent draws both are worth together.
    chain_iterations : int
        Steps of each chain.
    worst_chain_gap : float or None
        By how many nats the log-weights of one chain's layerings lie above the log evidence, on average: the largest of
        any chain. Above zero the sampler draws what this chain visits too rarely. None where it is not finite.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import AgainstChains
    >>> AgainstChains.from_json({"ess": 0.5}) is None
    True
    >>> AgainstChains.from_json({"ess": 0.5, "share_of_chains": 0.9}).share_of_chains
    0.9
    """

    log_z_with_chains: float | None
    log_z_with_chains_standard_error: float | None
    agrees_with_chains: bool | None
    share_of_chains: float | None
    pooled_effective_samples: float | None
    chain_iterations: int | None
    worst_chain_gap: float | None = None


@dataclass(frozen=True, kw_only=True)
class Moves(JsonRecord):
    """Draws of a policy over edges, and what moves of the policy have made of them.

    Attributes
    ----------
    moved_chains, move_rounds : int
        Draws that were moved, and how often.
    move_acceptance : float
        Share of the moves that led to another graph; the larger, the better the policy.
    raw_to_moved_edge_difference : float
        The largest, of an edge probability: what the moves have corrected, and the noise of counting in the draws.
    edge_drift : float
        The largest change of an edge probability from the first half of the rounds that count to the second, beyond
        what three standard errors explain: what they were still correcting.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Moves
    >>> Moves.from_json({"ess": 0.5, "move_acceptance": 0.4}).move_acceptance
    0.4
    """

    moved_chains: int | None
    move_rounds: int | None
    move_acceptance: float | None
    raw_to_moved_edge_difference: float | None
    edge_drift: float | None
