"""Tables of local scores for the exact algorithms, drawn at random or made to be hard."""

import numpy as np

from dag_gfn.graphs.subsets import remove_bit


class Table:
    """Stands in for a complete ScoreTable."""

    def __init__(self, complete):
        self.complete = complete
        self.d = len(complete)

    def log_reward(self, parents):
        nodes = np.arange(self.d)
        return self.complete[nodes, remove_bit(parents, nodes)].sum(axis=1)


def random_table(d, seed, *, scale=1.0, offset=0.0, forbidden=0.0):
    """Return normal scores, a share of them -inf; the last node keeps the empty set, others may not."""
    rng = np.random.default_rng(seed)
    complete = offset + scale * rng.normal(size=(d, 1 << (d - 1)))
    complete[rng.random(complete.shape) < forbidden] = -np.inf
    return Table(complete)


def peaked_table(d, seed, *, nats):
    """Return scores in which parents that agree with a random order gain up to ``nats`` each.

    Strongly correlated columns: any two orders are nearly as good, all sets without parents hopeless.
    """
    rng = np.random.default_rng(seed)
    members = np.arange(1 << (d - 1))[:, None] >> np.arange(d - 1) & 1  # (sets, others)
    gain = nats * rng.random((d, d - 1))
    overlap = members.sum(axis=1) * (members.sum(axis=1) - 1) / 2
    complete = (members @ gain.T).T - 0.4 * nats * overlap + rng.normal(size=(d, len(members)))
    return Table(complete - 37.0 * nats)
