"""What a method records of its own run, a frozen dataclass for each method, and how far it is from the exact posterior.

Fields have the names of the keys in posterior.json (`diagnostics`, `exact_check`). None stands for what is not known
or not finite.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dag_gfn.posterior.diagnostic_parts import (
    AgainstChains,
    Agreement,
    Correction,
    Coverage,
    Importance,
    Moves,
    Tempering,
)
from dag_gfn.posterior.json_record import JsonRecord


@dataclass(frozen=True, kw_only=True)
class Diagnostics(JsonRecord):
    """What every method records; a part that a method does not have is None.

    Attributes
    ----------
    iterations : int or None
        Gradient steps, or steps of each chain.
    cut_short_by_time_budget : bool or None
        Whether it ended before these were done.
    importance : Importance or None
    coverage : Coverage or None
    against_chains : AgainstChains or None
    agreement : Agreement or None
    tempering : Tempering or None
        Of the chains, where they were tempered.
    correction : Correction or None
        None where nothing had to be corrected.
    uncounted_mass : float or None
        Share of the posterior that the draws may leave out: by the evidence, or by how few independent ones there are.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import ExactDiagnostics
    >>> ExactDiagnostics(error_bound=1e-12).agreement is None
    True
    """

    iterations: int | None = None
    cut_short_by_time_budget: bool | None = None
    importance: Importance | None = None
    coverage: Coverage | None = None
    against_chains: AgainstChains | None = None
    agreement: Agreement | None = None
    tempering: Tempering | None = None
    correction: Correction | None = None
    uncounted_mass: float | None = None

    @property
    def uncorrected(self) -> bool:
        """Whether parents outside the candidates count, and the weights that correct for them are unreliable."""
        return self.correction is not None and self.correction.corrected is False


@dataclass(frozen=True, kw_only=True)
class ExactDiagnostics(Diagnostics):
    """Of an exact posterior; both are None where all DAGs were listed.

    Attributes
    ----------
    self_check : float or None
        The largest violation of identities that exact probabilities satisfy.
    error_bound : float or None
        Of any probability, by the rounding of the sums.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import ExactDiagnostics
    >>> ExactDiagnostics(self_check=1e-15).to_json()
    {'self_check': 1e-15}
    """

    self_check: float | None = None
    error_bound: float | None = None


@dataclass(frozen=True, kw_only=True)
class MCMCDiagnostics(Diagnostics):
    """Of Markov chains over root layerings, or over DAGs.

    Attributes
    ----------
    thinning, kept_per_chain : int
        Steps for each state that is kept, and how many these are.
    acceptance : dict of str to float
        Share of accepted proposals by kind of move.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import MCMCDiagnostics
    >>> from dag_gfn.posterior.diagnostic_parts import Agreement
    >>> agreement = Agreement(chains=4, max_r_hat=1.01, min_effective_draws=900.0, chains_agree=True)
    >>> MCMCDiagnostics(iterations=20_000, agreement=agreement).to_json()["max_r_hat"]
    1.01
    """

    thinning: int | None = None
    kept_per_chain: int | None = None
    acceptance: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class OrderDiagnostics(MCMCDiagnostics):
    """Of Markov chains over orders, which aim at the order-modular posterior.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import OrderDiagnostics
    >>> OrderDiagnostics(iterations=20_000).to_json()
    {'iterations': 20000}
    """


@dataclass(frozen=True, kw_only=True)
class BootstrapDiagnostics(Diagnostics):
    """Of a point estimator on resampled rows.

    Attributes
    ----------
    point_estimator : str
    resamples : int
        On which it found a graph.
    resamples_without_graph : int
        On which it found none that is allowed.
    inconsistent_graphs : int
        Partly directed graphs that no DAG agrees with: of these the links are kept, and directions as far as possible.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import BootstrapDiagnostics
    >>> BootstrapDiagnostics(point_estimator="ges", resamples=200).to_json()
    {'point_estimator': 'ges', 'resamples': 200}
    """

    point_estimator: str | None = None
    resamples: int | None = None
    resamples_without_graph: int | None = None
    inconsistent_graphs: int | None = None


@dataclass(frozen=True, kw_only=True)
class EdgeDiagnostics(Diagnostics):
    """Of a GFlowNet that adds edges.

    Attributes
    ----------
    moves : Moves or None
        Where draws were moved.
    chain_edge_difference : float or None
        The largest difference between an edge probability and the one by Markov chains that training has not seen.
    max_edge_standard_error : float or None
        The largest standard error of an edge probability.
    judging_error : str or None
        What went wrong with the chains.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics
    >>> EdgeDiagnostics.from_json({"ess": 0.5, "log_z": -3.0}).importance.ess
    0.5
    """

    moves: Moves | None = None
    chain_edge_difference: float | None = None
    max_edge_standard_error: float | None = None
    judging_error: str | None = None


@dataclass(frozen=True, kw_only=True)
class LayerDiagnostics(Diagnostics):
    """Of a GFlowNet over root layerings.

    Attributes
    ----------
    estimate : {"raw", "reweighted", "pooled", "chains"}
        What the result is made of: the sampler's draws, these by their weights, these and layerings of chains, or
        layerings of chains alone.
    pareto_k : float
        Shape of the tail of the importance weights; None where it is not known.
    reliable_weights : bool
        Whether weighted means of the draws can be relied on.
    layerings : int
        Draws that have such weights.
    raw_to_reweighted_edge_difference : float
        The largest, of an edge probability.
    pooled_edge_standard_error : float or None
        The largest of an edge probability, by pooled draws.
    judging_error : str or None
        What went wrong with the chains that judge the draws.
    chain_layerings : int or None
        Layerings of chains that were taken, where time did not allow all.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import LayerDiagnostics
    >>> LayerDiagnostics.from_json({"estimate": "pooled", "ess": 0.2}).estimate
    'pooled'
    """

    estimate: str | None
    pareto_k: float | None
    reliable_weights: bool | None
    layerings: int | None
    raw_to_reweighted_edge_difference: float | None
    pooled_edge_standard_error: float | None = None
    judging_error: str | None = None
    chain_layerings: int | None = None


@dataclass(frozen=True, kw_only=True)
class MixtureDiagnostics(Diagnostics):
    """Of a method that ran on each of several completed tables, where cells were not seen.

    Attributes
    ----------
    completion_route : {"weighted", "augmentation"}
        Whether the tables are weighted draws of the saturated model, or draws of a chain over graphs and cells.
    completed_tables, distinct_tables : int
        Tables, and how many of them differ.
    effective_tables : float
        How many independent tables they are worth.
    tables_max_r_hat : float or None
        The largest R-hat of an edge over the chains that the tables come from; None where they have weights.
    tables_agree : bool or None
        Whether these chains agree.
    share_of_missing : float
        Share of the variance of the edges that is between tables: due to the cells that were not seen.
    max_edge_standard_error : float
        The largest standard error of an edge probability.
    unconverged_tables, unjudged_tables : int
        Tables on which the method has not converged, and those where nothing tells.
    worst_max_r_hat, worst_effective_draws, worst_ess : float or None
        The worst of any table, by the diagnostics of the method.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import MixtureDiagnostics
    >>> MixtureDiagnostics.from_json({"completed_tables": 40, "effective_tables": 31.5}).effective_tables
    31.5
    """

    completion_route: str | None
    completed_tables: int | None
    distinct_tables: int | None
    effective_tables: float | None
    tables_max_r_hat: float | None = None
    tables_agree: bool | None = None
    share_of_missing: float | None
    max_edge_standard_error: float | None
    unconverged_tables: int | None
    unjudged_tables: int | None
    worst_max_r_hat: float | None = None
    worst_effective_draws: float | None = None
    worst_ess: float | None = None


KINDS: tuple[type[Diagnostics], ...] = (
    ExactDiagnostics,
    MCMCDiagnostics,
    OrderDiagnostics,
    BootstrapDiagnostics,
    EdgeDiagnostics,
    LayerDiagnostics,
    MixtureDiagnostics,
)


def diagnostics_from_json(info: Mapping[str, Any]) -> Diagnostics | None:
    """Return the diagnostics that posterior.json has recorded, None where it has none.

    Method and environment name the kind. Where they are not recorded, its own keys do.

    Parameters
    ----------
    info : mapping
        The content of posterior.json.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import diagnostics_from_json
    >>> type(diagnostics_from_json({"diagnostics": {"ess": 0.5, "estimate": "raw"}})).__name__
    'LayerDiagnostics'
    """
    found = info.get("diagnostics") or {}
    return _kind(info, found).from_json(found)


def _kind(info: Mapping[str, Any], found: Mapping[str, Any]) -> type[Diagnostics]:
    method = info.get("method")
    if "completed_tables" in found:
        return MixtureDiagnostics
    if method == "exact":
        return ExactDiagnostics
    if method in ("mcmc", "structure_mcmc"):
        return MCMCDiagnostics
    if method == "order_mcmc":
        return OrderDiagnostics
    if method == "bootstrap":
        return BootstrapDiagnostics
    if info.get("environment") == "layers" or "estimate" in found or "reliable_weights" in found:
        return LayerDiagnostics
    if "ess" in found or method == "gflownet":
        return EdgeDiagnostics
    return MCMCDiagnostics if "max_r_hat" in found else ExactDiagnostics


# --- the comparison with the exact posterior ---


@dataclass(frozen=True, kw_only=True)
class GraphDivergence(JsonRecord):
    """How far a distribution over all DAGs is from the exact one.

    Attributes
    ----------
    jsd, kl : float
        Jensen-Shannon divergence, and Kullback-Leibler divergence of the exact distribution from this one, in nats.
    tv : float
        Total variation.
    graph_rmse : float
        Root mean square of the errors of the graphs' probabilities.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import GraphDivergence
    >>> GraphDivergence(jsd=0.0, tv=0.0, kl=0.0, graph_rmse=0.0).tv
    0.0
    """

    jsd: float | None
    tv: float | None
    kl: float | None
    graph_rmse: float | None


@dataclass(frozen=True, kw_only=True)
class BlanketErrors(JsonRecord):
    """Errors of the probabilities that one node is in the Markov blanket of another, where DAGs were enumerated.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import BlanketErrors
    >>> BlanketErrors.from_json({"markov_blanket_rmse": 0.02}).markov_blanket_rmse
    0.02
    """

    markov_blanket_rmse: float | None
    markov_blanket_max_error: float | None
    markov_blanket_pearson_r: float | None


@dataclass(frozen=True, kw_only=True)
class ExactCheck(JsonRecord):
    """How far a posterior is from the exact one.

    Attributes
    ----------
    divergence : GraphDivergence or None
        Where the distribution over all DAGs is known.
    edge_rmse, edge_max_error, edge_pearson_r : float
        Of the edge probabilities: root mean square error, largest error, correlation.
    path_rmse, path_max_error, path_pearson_r : float
        Of the probabilities of directed paths.
    blanket : BlanketErrors or None
    log_evidence : float
        The exact one, in nats.
    log_evidence_gap : float or None
        The posterior's own log evidence less the exact one.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import ExactCheck
    >>> ExactCheck.from_json({"edge_max_error": 0.01, "jsd": 0.5}).divergence.jsd
    0.5
    """

    divergence: GraphDivergence | None = None
    edge_rmse: float | None
    edge_max_error: float | None
    edge_pearson_r: float | None
    path_rmse: float | None
    path_max_error: float | None
    path_pearson_r: float | None
    blanket: BlanketErrors | None = None
    log_evidence: float | None
    log_evidence_gap: float | None = None
