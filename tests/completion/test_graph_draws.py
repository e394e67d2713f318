import numpy as np
import pytest
from prior_draws import all_dags

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.graph_draws import ExactGraphs, MovedGraphs, graph_draws
from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
from dag_gfn.errors import ConstraintError
from dag_gfn.graphs.subsets import parent_sets, remove_bit
from dag_gfn.scores import Constraints, make_prior

NAMES = ("a", "b", "c")
BELIEF = np.array([[0.5, 0.8, 0.3], [0.6, 0.5, 0.5], [0.5, 0.1, 0.5]])
PRIOR = make_prior("edge", 3, beta=0.4).with_beliefs(BELIEF)


def log_prior(node, mask):
    odds = BELIEF / (1 - BELIEF)
    return sum(np.log(0.4 * odds[i, node]) for i in range(3) if mask >> i & 1)


@pytest.fixture
def scores(rng):
    values = rng.normal(size=(12, 4))
    values[:, 1] += 0.4 * values[:, 0]
    return BlockScores(NormalWishartPrior.of(4).after(values), BlockLayout([[0], [1, 3], [2]]))


def constrained():
    return Constraints.from_names(NAMES, required=[("a", "b")], forbidden=[("c", "a")], max_parents=1)


def exact_distribution(scores, constraints):
    """Return all DAGs, and the probability of each under `PRIOR` and the constraints."""
    dags, nodes = all_dags(3), np.arange(3)
    log_weights = np.array([scores.local_scores(nodes, dag).sum() for dag in dags])
    log_weights += [sum(log_prior(node, int(dag[node])) for node in nodes) for dag in dags]
    allowed = np.array([constraints.allow(nodes, dag).all() for dag in dags])
    weights = np.where(allowed, np.exp(log_weights - log_weights.max()), 0.0)
    return dags, weights / weights.sum()


@pytest.mark.parametrize("kind", [ExactGraphs, MovedGraphs])
@pytest.mark.parametrize("constraints", [Constraints.none(3), constrained()], ids=["free", "constrained"])
def test_draws_have_the_distribution_of_all_dags(kind, constraints, scores, rng):
    dags, exact = exact_distribution(scores, constraints)
    graphs = kind(PRIOR, constraints)
    parents, place = graphs.first(scores), {tuple(dag): k for k, dag in enumerate(dags.tolist())}
    draws, counts = 60 if kind is ExactGraphs else 400, np.zeros(25)
    for _ in range(draws):
        parents = graphs.draw(scores, parents, rng=rng)
        counts[place[tuple(parents.tolist())]] += 1
    assert (counts[exact == 0.0] == 0).all()
    # draws of a chain depend on one another a little
    spread = np.sqrt(draws * exact * (1 - exact)) + 1.0
    assert (abs(counts - draws * exact) < (4 if kind is ExactGraphs else 5) * spread).all()


def test_the_table_of_exact_draws_has_scores_prior_and_constraints(scores):
    graphs, constraints = ExactGraphs(PRIOR, constrained()), constrained()
    table = graphs.table(scores)
    for node in range(3):
        for mask in parent_sets(node, 3):
            expected = scores.local_scores(np.array([node]), np.array([mask]))[0] + log_prior(node, int(mask))
            found = table[node, remove_bit(np.array([mask]), node)[0]]
            assert (
                found == pytest.approx(expected)
                if constraints.allow(node, np.array([mask]))[0]
                else found == -np.inf
            )


def test_few_nodes_are_drawn_exactly():
    assert isinstance(graph_draws(12), ExactGraphs)
    assert isinstance(graph_draws(13), MovedGraphs)


def test_prior_and_constraints_must_be_for_the_nodes():
    with pytest.raises(ConstraintError, match="for 4 nodes, not 4 and 3"):
        graph_draws(4, constraints=Constraints.none(3))
    with pytest.raises(ConstraintError, match="for 4 nodes, not 3 and 4"):
        graph_draws(4, prior=make_prior("uniform", 3))
