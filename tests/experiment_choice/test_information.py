"""Against formulas where outcomes are few, and bounds against the truth."""

import numpy as np
import pytest

from dag_gfn.experiment_choice.families import Families
from dag_gfn.experiment_choice.hypotheses import Hypotheses
from dag_gfn.experiment_choice.information import Information, expected_information, large_sample_limit
from dag_gfn.graphs import graph

GRAPHS = graph.adjacency_from_masks(np.array([[0, 0], [0, 1], [2, 0]]), 2)
FAMILIES = Families.of(GRAPHS)
CHANCES = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3]])
"""Of three outcomes (columns) given each graph."""
WEIGHTS = np.array([0.5, 0.3, 0.2])


def logs_of(outcomes):
    """Return parts of families whose sums over the graphs are the logarithms of the chances."""
    wanted = np.log(CHANCES)[:, outcomes]  # (3 graphs, s)
    sums = np.array(
        [[1.0 if f in of_graph else 0.0 for f in range(len(FAMILIES))] for of_graph in FAMILIES.of_graph]
    )
    return (np.linalg.pinv(sums) @ wanted).T


def every_outcome(num_draws=None):
    """Return the information with each outcome as often as it is expected: 1,000 in all."""
    counts = (1000 * WEIGHTS[:, None] * CHANCES).round().astype(int)
    own = np.repeat(np.repeat(np.arange(3), 3), counts.reshape(-1))
    outcomes = np.repeat(np.tile(np.arange(3), 3), counts.reshape(-1))
    return logs_of(outcomes), own, Hypotheses(GRAPHS, WEIGHTS, num_draws)


def mutual(joint):
    outer = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    return float((joint * np.log(joint / outer)).sum())


def test_information_about_the_graph():
    found = expected_information(*every_outcome())
    assert found.value == pytest.approx(mutual(WEIGHTS[:, None] * CHANCES), abs=1e-9)
    assert found.lower == found.upper == found.value


def test_information_about_a_question():
    truth = np.array([1.0, 0.0, 1.0])
    joint = WEIGHTS[:, None] * CHANCES
    pooled = np.stack([joint[[0, 2]].sum(0), joint[1]])
    assert expected_information(*every_outcome(), truth).value == pytest.approx(mutual(pooled), abs=1e-9)
    unsure = np.array([0.8, 0.1, 0.5])
    pooled = np.stack([unsure @ joint, (1 - unsure) @ joint])
    assert expected_information(*every_outcome(), unsure).value == pytest.approx(mutual(pooled), abs=1e-9)


def test_a_question_that_is_settled_has_no_information():
    assert expected_information(*every_outcome(), np.ones(3)).value == 0.0


def test_bounds_of_draws_hold(rng):
    """With few draws of many graphs the truth lies between the bounds, on average."""
    size, draws = 40, 12
    chances = rng.dirichlet(np.full(6, 0.4), size=size)
    truth = (np.arange(size) % 2).astype(float)
    of_graph = mutual(chances / size)
    of_question = mutual(np.stack([chances[truth == 1].sum(0), chances[truth == 0].sum(0)]) / size)
    bounds = []
    for _ in range(150):
        drawn = rng.integers(0, size, size=draws)
        distinct, counts = np.unique(drawn, return_counts=True)
        known = Hypotheses(np.zeros((len(distinct), 1, 1), dtype=bool), counts / draws, draws)
        own_family = np.arange(len(distinct))  # a family that no other graph has
        known.__dict__["families"] = Families(np.zeros_like(own_family), own_family, own_family[:, None])
        own = np.repeat(known.spread(draws, rng), 4)
        outcomes = [rng.choice(6, p=chances[distinct[k]]) for k in own]
        logs = np.log(chances[distinct][:, outcomes]).T
        graph_, question = (expected_information(logs, own, known, t) for t in (None, truth[distinct]))
        bounds.append((graph_.lower, graph_.upper, question.lower, question.upper))
    means, errors = np.mean(bounds, axis=0), np.std(bounds, axis=0) / np.sqrt(len(bounds))
    assert means[0] < of_graph + 3 * errors[0]
    assert means[1] > of_graph - 3 * errors[1]
    assert means[2] < of_question + 3 * errors[2]
    assert means[3] > of_question - 3 * errors[3]


def test_large_sample_limit():
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    classes = np.array([0, 0, 1, 1])
    assert large_sample_limit(classes, weights).value == pytest.approx(-0.3 * np.log(0.3) - 0.7 * np.log(0.7))
    assert large_sample_limit(np.zeros(4, dtype=int), weights).value == 0.0
    alone = large_sample_limit(np.arange(4), np.full(4, 0.25), num_draws=4.0)
    assert alone.at_least
    assert not large_sample_limit(classes, weights, num_draws=1000.0).at_least


def test_error_of_one_simulation_is_not_known():
    assert Information(np.array([0.3]), 0.3, 0.3).standard_error == np.inf


def test_the_error_covers_which_graphs_were_drawn(rng):
    """Estimates from different draws differ by about their error."""
    size, draws = 60, 30
    chances = rng.dirichlet(np.full(5, 0.5), size=size)
    values, errors = [], []
    for _ in range(60):
        drawn = rng.integers(0, size, size=draws)
        distinct, counts = np.unique(drawn, return_counts=True)
        known = Hypotheses(np.zeros((len(distinct), 1, 1), dtype=bool), counts / draws, draws)
        own_family = np.arange(len(distinct))
        known.__dict__["families"] = Families(np.zeros_like(own_family), own_family, own_family[:, None])
        own = known.spread(400, rng)
        outcomes = [rng.choice(5, p=chances[distinct[k]]) for k in own]
        found = expected_information(np.log(chances[distinct][:, outcomes]).T, own, known)
        values.append(found.value)
        errors.append(found.standard_error)
    assert 0.6 * np.std(values) < np.mean(errors) < 1.8 * np.std(values)


def test_differences_are_of_the_same_outcomes():
    shared = np.random.default_rng(0).normal(size=200)
    one, other = (Information(shared + shift, 0.0, 0.0) for shift in (0.02, 0.0))
    assert one.exceeds(other)
    assert not other.exceeds(one)
    assert not one.exceeds(one)
    assert not one.exceeds(other, scale=2.0) or shared.mean() < 0
