"""Tables and draws that tests of root layerings share."""

import numpy as np
import oracles
from exact_tables import random_table
from layering_oracles import layer_numbers, layering_weights
from sampler_cases import log_reward, score_table

from dag_gfn.layerings.weighted_draws import WeightedLayerings


def exact_edges(table):
    reward = log_reward(table)
    dags = oracles.all_dags(table.d)
    log_r = np.array([reward(dag) for dag in dags])
    return np.average(dags, axis=0, weights=np.exp(log_r - log_r.max())), float(np.logaddexp.reduce(log_r))


def tempered(table, k, rng, power=0.7):
    """Return draws by a power of the posterior over layerings, and the exact edge probabilities."""
    complete = table.complete - table.complete.max(axis=1, keepdims=True)
    sums = layering_weights(complete)
    numbers = np.array([layer_numbers(layers) for layers in sums])
    log_r = np.log([sum(weight for _, weight in dags) for dags in sums.values()])
    log_q = power * log_r - np.logaddexp.reduce(power * log_r)
    chosen = rng.choice(len(numbers), k, p=np.exp(log_q))
    return WeightedLayerings(numbers[chosen], log_r[chosen], (log_r - log_q)[chosen])


def with_gaps(seed):
    """Return a table of which half is -inf, so that one may come to a dead end."""
    table = score_table(4)
    table.complete = random_table(4, seed=seed, scale=2.0, forbidden=0.5).complete
    return table
