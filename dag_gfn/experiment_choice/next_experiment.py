"""Which experiment to do next: expected information about the graph, or about a question, for each variable."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dag_gfn.effects.column_positions import node_index
from dag_gfn.effects.effect_questions import truth_given_graphs
from dag_gfn.errors import OptionError
from dag_gfn.experiment_choice.discrete_outcomes import DiscreteOutcomes
from dag_gfn.experiment_choice.gaussian_outcomes import GaussianOutcomes
from dag_gfn.experiment_choice.hypotheses import Hypotheses, outcome_classes
from dag_gfn.experiment_choice.information import (
    Information,
    Limit,
    expected_information,
    large_sample_limit,
)
from dag_gfn.experiment_choice.outcomes import OBSERVE, Experiment, Outcomes
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.conditioning import as_query
from dag_gfn.posterior.queries import Query
from dag_gfn.posterior.ranking import evidence_of
from dag_gfn.posterior.table_statistics import num_tables

MODELS: dict[str, type[GaussianOutcomes] | type[DiscreteOutcomes]] = {
    "bge": GaussianOutcomes,
    "block": GaussianOutcomes,
    "bdeu": DiscreteOutcomes,
    "bde": DiscreteOutcomes,
}
"""Scores whose predictive distribution of an experiment is known in closed form."""
MAX_WORK = 30_000_000
"""Families times simulated outcomes of all experiments, beyond which fewer outcomes are simulated."""
LEAST_SIMULATIONS = 100
LIMIT_GRAPHS = 5_000
"""Graphs of a posterior of draws that the large-sample limit is computed from, at most."""
LIMIT_CELLS = 2_000_000
"""Entries of their adjacency matrices, at most."""
OPEN = 0.1
"""Both directions of a link are at least so probable where it counts as open."""
TIE = 2.0
"""Two experiments are tied if their information differs by less than so many standard errors of the difference."""


@final
@dataclass(frozen=True, eq=False)
class RankedExperiment:
    """One experiment and what it is expected to tell.

    Attributes
    ----------
    targets : tuple of str
        The variables that are set, each in rows of its own; empty where nothing is.
    settings : dict of str to list of str
        The values that each is set to in turn.
    information : Information
        About the question if there is one, else about the graph, in nats.
    about_graph : Information
        About the graph.
    limit : Limit
        What any number of rows could tell about the question or the graph.
    cost : float
    open_links : list of (str, str)
        Neighbours of the variable whose direction is open.

    Examples
    --------
    See `next_experiments`.
    """

    targets: tuple[str, ...]
    settings: dict[str, list[str]]
    information: Information
    about_graph: Information
    limit: Limit
    cost: float
    open_links: list[tuple[str, str]]

    @property
    def value(self) -> float:
        """The information per unit of cost, by which experiments are ranked."""
        return self.information.value / self.cost


@final
@dataclass(frozen=True, eq=False)
class NextExperiments:
    """Experiments by what they are expected to tell, the best first.

    Attributes
    ----------
    ranked : list of RankedExperiment
        Of one variable each.
    batch : list of RankedExperiment
        The best first variable, then with the one that adds most to it, and so on; empty unless asked for.
    observing : RankedExperiment
        As many rows in which nothing is set, for comparison.
    rows : int
        Rows of each variable that is set.
    about : str or None
        The question.
    open_nats : float
        The entropy of the posterior over graphs or of the question: what is open before the experiment.
    exact : bool
        Whether the sum is over all DAGs; else over draws, and the information lies between its bounds.
    num_graphs, num_simulations : int
        Graphs that were compared, and simulated outcomes of each experiment.

    Examples
    --------
    See `next_experiments`.
    """

    ranked: list[RankedExperiment]
    batch: list[RankedExperiment]
    observing: RankedExperiment
    rows: int
    about: str | None
    open_nats: float
    exact: bool
    num_graphs: int
    num_simulations: int

    @property
    def best(self) -> RankedExperiment:
        """The first of the ranking."""
        return self.ranked[0]

    def ties(self) -> list[str]:
        """Return the variables that cannot be told apart from the best one with this many simulations."""
        best = self.best
        return [
            other.targets[0]
            for other in self.ranked[1:]
            if not best.information.exceeds(other.information, by=TIE, scale=best.cost / other.cost)
        ]

    def tells_nothing(self) -> bool:
        """Return whether no experiment is expected to tell more than its error."""
        return all(
            each.information.value <= TIE * each.information.standard_error + 1e-6 for each in self.ranked
        )

    def table(self) -> pd.DataFrame:
        """Return a row for each variable, the best first.

        Columns: target, information (nats), standard_error, lower, upper, limit, limit_error, cost, per_cost.
        """
        return pd.DataFrame(
            [
                {
                    "target": each.targets[0],
                    "information": each.information.value,
                    "standard_error": each.information.standard_error,
                    "lower": each.information.lower,
                    "upper": each.information.upper,
                    "limit": each.limit.value,
                    "limit_error": each.limit.standard_error,
                    "cost": each.cost,
                    "per_cost": each.value,
                }
                for each in self.ranked
            ]
        )


def next_experiments(
    posterior: GraphPosterior,
    *,
    rows: int = 100,
    batch: int = 1,
    about: str | Query | None = None,
    costs: Mapping[str, object] | None = None,
    forbid_targets: Collection[str] = (),
    num_graphs: int = 400,
    num_simulations: int = 400,
    rng: int | np.random.Generator = 0,
) -> NextExperiments:
    """Return which variable to set next, ranked by expected information.

    A number is set to a low and a high value in turn, two standard deviations from its mean and within the range of the
    data; a category to each of its levels in turn. All other variables are observed. What is simulated is the posterior
    predictive distribution: a graph, parameters given it and the data, and rows.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``bge``, ``block``, ``bdeu`` or ``bde``, of a table without missing cells.
    rows : int
        Rows in which each variable is set.
    batch : int
        How many variables to choose for one experiment of several arms, each set in rows of its own.
    about : str or Query, optional
        A question whose answer is wanted, in the language of docs/queries.md; the graph when left out. Where it is
        about the size of an effect, what counts is what is learned of it through the graph.
    costs : mapping of str to float, optional
        Of setting each variable, 1 where left out. The ranking is by information per cost.
    forbid_targets : collection of str
        Variables that cannot be set.
    num_graphs : int
        Draws of graphs to compare, where the posterior does not hold all DAGs.
    num_simulations : int
        Simulated outcomes of each experiment; fewer where that would take long.
    rng : int or numpy.random.Generator
        Seed or generator.

    Returns
    -------
    NextExperiments

    Raises
    ------
    OptionError
        If an option is impossible, or the posterior has no such predictive distribution.

    Examples
    --------
    Data on a chain leave its direction open. Setting the middle variable tells most:

    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=300)
    >>> b = a + rng.normal(size=300)
    >>> rows = np.column_stack([a, b, b + rng.normal(size=300)])
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["a", "b", "c"]), progress=False)
    >>> found = dag_gfn.next_experiments(posterior, rows=50, num_simulations=50)
    >>> found.best.targets
    ('b',)
    """
    generator = np.random.default_rng(rng)
    names = posterior.names
    if posterior.d > MAX_NODES:
        raise OptionError(
            f"experiments are compared for at most {MAX_NODES} variables, not {posterior.d}: fit fewer columns"
        )
    outcomes = predictive_outcomes(posterior)
    for name, value in (("rows", rows), ("batch", batch), ("num_simulations", num_simulations)):
        if value < 1:
            raise OptionError(f"{name} must be 1 or more, not {value}")
    if num_graphs < 2:
        raise OptionError(f"num_graphs must be 2 or more, not {num_graphs}")
    cost = _costs(names, costs or {})
    forbidden = {node_index(names, name) for name in forbid_targets}
    allowed = [node for node in range(posterior.d) if node not in forbidden]
    if not allowed:
        raise OptionError("every variable is forbidden as a target: leave one to be set")
    if batch > len(allowed):
        raise OptionError(f"batch is {batch}, but only {len(allowed)} variables may be set: ask for fewer")
    query = None if about is None else as_query(about, names)
    chooser = _Chooser(posterior, outcomes, query, rows, num_graphs, num_simulations, cost, generator)
    singles = {node: chooser.assess((node,)) for node in allowed}
    ranked = sorted(singles.values(), key=lambda each: -each.value)
    steps: list[RankedExperiment] = []
    if batch > 1:
        steps = [ranked[0]]
        while len(steps) < batch:
            chosen = tuple(names.index(name) for name in steps[-1].targets)
            joined = [chooser.assess((*chosen, node)) for node in allowed if node not in chosen]
            steps.append(max(joined, key=lambda each: each.value))
    return NextExperiments(
        ranked=ranked,
        batch=steps,
        observing=chooser.assess((OBSERVE,)),
        rows=rows,
        about=None if about is None else (about if isinstance(about, str) else repr(about)),
        open_nats=chooser.open_nats,
        exact=chooser.hypotheses.num_draws is None,
        num_graphs=len(chooser.hypotheses.weights),
        num_simulations=chooser.num_simulations,
    )


def predictive_outcomes(posterior: GraphPosterior) -> Outcomes:
    """Return the predictive distribution of experiments given the data of a posterior.

    Raises
    ------
    OptionError
        If the score has none in closed form, the posterior holds no statistics, or cells were missing.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.experiment_choice.next_experiment import predictive_outcomes
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(30, 2)), progress=False)
    >>> type(predictive_outcomes(posterior)).__name__
    'GaussianOutcomes'
    """
    score, statistics = posterior.info.get("score"), posterior.statistics
    if posterior.info.get("families"):
        raise OptionError(
            f"this posterior is of the scores in {posterior.info['families']['source']}, without data, so that "
            "nothing is known of what an experiment would tell: fit the table that the scores were computed from"
        )
    if score not in MODELS:
        instead = {"discrete": "bdeu", "mixed": "block"}.get(posterior.info.get("kind") or "", "bge")
        raise OptionError(
            f"what an experiment would tell is known for the scores {', '.join(MODELS)}, not for '{score}': fit again "
            f"with score='{instead}' (--score {instead})"
        )
    if num_tables(statistics) > 1:
        raise OptionError(
            "cells were missing in these data, and what an experiment would tell is known for complete tables only: "
            "fit again on the complete rows (missing='drop', --missing drop)"
        )
    model = MODELS[score]
    needed = ("rows", "counts", "cardinalities", "states") if model is DiscreteOutcomes else ("num_rows",)
    if any(name not in statistics for name in needed):
        raise OptionError(
            "this posterior holds no sufficient statistics of the data, which predictions need: fit with dag_gfn.fit "
            "(dag-gfn fit), which keeps them"
        )
    return model.from_posterior(posterior.info, statistics)


class _Chooser:
    """What all experiments share: the graphs, the question, and the graphs that outcomes are drawn given."""

    def __init__(
        self,
        posterior: GraphPosterior,
        outcomes: Outcomes,
        query: Query | None,
        rows: int,
        num_graphs: int,
        num_simulations: int,
        cost: Float64[np.ndarray, " d"],
        rng: np.random.Generator,
    ):
        self.names, self.outcomes, self.rows, self.cost = posterior.names, outcomes, rows, cost
        self.hypotheses = Hypotheses.of(posterior, num_graphs, rng)
        self.num_simulations = min(
            num_simulations,
            max(LEAST_SIMULATIONS, MAX_WORK // (len(self.hypotheses.families) * posterior.d)),
        )
        self.own = self.hypotheses.spread(self.num_simulations, rng)
        self.seed = int(rng.integers(1 << 62))  # the same noise for all experiments
        self.truth = None
        many = Hypotheses.of(posterior, max(2, min(LIMIT_GRAPHS, LIMIT_CELLS // posterior.d**2)), rng)
        self.every, self.draws = many, posterior.effective_samples if many.num_draws is not None else None
        if many.num_draws is not None:
            self.draws = float(min(many.num_draws, self.draws or many.num_draws))
        self.truth_of_every = None
        if query is not None:
            self.truth = truth_given_graphs(posterior, query, self.hypotheses.graphs, rng=rng)
            self.truth_of_every = (
                self.truth
                if many.num_draws is None
                else truth_given_graphs(posterior, query, many.graphs, rng=rng)
            )
        self.open_nats = posterior.entropy()
        evidence = evidence_of(posterior)
        is_known = posterior.covers_all_dags or (evidence is not None and evidence.log_z is not None)
        self.most = self.open_nats if is_known else math.inf
        if self.truth_of_every is not None:
            self.open_nats = _entropy_of(float(many.weights @ self.truth_of_every))
        self.edge = posterior.marginal("edge").values

    def assess(self, targets: tuple[int, ...]) -> RankedExperiment:
        """Return what one experiment is expected to tell."""
        experiment = Experiment(targets, self.rows)
        rng = np.random.default_rng(self.seed)
        logs = self.outcomes.log_likelihoods(
            experiment, self.hypotheses.graphs[self.own], self.hypotheses.families, rng
        )
        classes = outcome_classes(self.every.graphs, targets)
        weights = self.every.weights
        of_graph = large_sample_limit(classes, weights, num_draws=self.draws)
        most = self.most if of_graph.at_least else min(self.most, of_graph.value)
        about_graph = expected_information(logs, self.own, self.hypotheses, most=most)
        if self.truth is None:
            information, limit = about_graph, of_graph
        else:
            information = expected_information(logs, self.own, self.hypotheses, self.truth)
            limit = large_sample_limit(classes, weights, self.truth_of_every, num_draws=self.draws)
            limit = replace(limit, at_least=False)
        nodes = tuple(node for node in targets if node != OBSERVE)
        return RankedExperiment(
            targets=tuple(self.names[node] for node in nodes),
            settings={self.names[node]: self.outcomes.settings(node) for node in nodes},
            information=information,
            about_graph=about_graph,
            limit=limit,
            cost=float(self.cost[list(nodes)].sum()) if nodes else 1.0,
            open_links=[link for node in nodes for link in self._open_links(node)],
        )

    def _open_links(self, node: int) -> list[tuple[str, str]]:
        """Return the links of a node whose direction is open, the most open first."""
        either = np.minimum(self.edge[node], self.edge[:, node])
        return [
            (self.names[node], self.names[other])
            for other in np.argsort(-either, kind="stable").tolist()
            if either[other] >= OPEN
        ]


def _entropy_of(share: float) -> float:
    """Return the entropy of a yes-or-no question in nats."""
    return max(0.0, -sum(p * math.log(p) for p in (share, 1.0 - share) if p > 0.0))


def _costs(names: Sequence[str], costs: Mapping[str, object]) -> Float64[np.ndarray, " d"]:
    """Return the cost of setting each variable, 1 where none is given."""
    found = np.ones(len(names))
    for name, cost in costs.items():
        node = node_index(names, name)
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 < cost < math.inf:
            raise OptionError(f"the cost of '{name}' must be a positive number, not {cost}")
        found[node] = cost
    return found
