"""Experiments of which what they tell is known by scoring whole tables, with the score classes alone."""

import numpy as np

import dag_gfn
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.scores import ScoreTable, make_score


def log_rewards(values, was_set, score, *, discrete=(), **options):
    """Return log R of all DAGs for a table whose cells were partly set, in the order of `enumerate_dags`."""
    data = dag_gfn.from_array(
        values, [f"x{j}" for j in range(values.shape[1])], discrete=discrete, intervened=was_set
    )
    table = ScoreTable.build(make_score(score, data, **options))
    return table.log_reward(enumerate_dags(values.shape[1]).astype(np.int64))


def with_experiment(values, target, rows, was_set=None):
    """Return a table and its mask with the rows of an experiment below it."""
    before = np.zeros(values.shape, dtype=bool) if was_set is None else was_set
    new = np.zeros(rows.shape, dtype=bool)
    new[:, target] = True
    return np.vstack([values, rows]), np.vstack([before, new])


def information(weights, log_likelihoods):
    """Return the divergence of the graphs' weights given one outcome from those before."""
    joint = weights * np.exp(log_likelihoods - log_likelihoods.max())
    after = joint / joint.sum()
    known = after > 0
    return float(np.sum(after[known] * np.log(after[known] / weights[known])))
