"""DAGs near the posterior, taken apart edge by edge: trajectories that training over edges learns from."""

import numpy as np
import torch
from jaxtyping import Bool

from dag_gfn.gflownet.chains import Guides
from dag_gfn.gflownet.env.dag_state import closure
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags

_TOGETHER = 512
"""DAGs whose trajectories are built together."""
DAGS_OF_A_LAYERING = 4


def guiding_dags(
    weights: LayerWeights, guides: Guides, *, rng: np.random.Generator
) -> Bool[np.ndarray, "m d d"]:
    """Return DAGs of the layerings of guides, several of each, in random order.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.chains import Guides
    >>> from dag_gfn.gflownet.edges.guides import guiding_dags
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> guides = Guides(np.array([[0, 1]]), seconds=0.0)
    >>> guiding_dags(LayerWeights.of(np.zeros((2, 2))), guides, rng=np.random.default_rng(0)).sum(0).tolist()
    [[0, 4], [0, 0]]
    """
    layer_of = np.repeat(guides.layer_of, DAGS_OF_A_LAYERING, axis=0).astype(np.int16)
    return draw_dags(weights, layer_of[rng.permutation(len(layer_of))], rng=rng)


def trajectories_to(
    environment: EdgeAddition, dags: Bool[np.ndarray, "m d d"], *, generator: torch.Generator
) -> TrajectoryReplay:
    """Return trajectories that add the edges of each DAG in random order: those of the uniform backward policy.

    DAGs without support are left out.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.guides import trajectories_to
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> dags = np.array([[[False, True], [False, False]]] * 3)
    >>> replay = trajectories_to(EdgeAddition(table), dags, generator=torch.Generator().manual_seed(0))
    >>> replay.sample(2, generator=torch.Generator()).shape  # two trajectories of an edge and the stop
    (2, 2)
    """
    parents = torch.from_numpy(parent_masks(dags)).to(environment.device)
    parts = parents.split(_TOGETHER)
    replay = TrajectoryReplay(len(parts))
    for part in parts:
        states = environment.state_of(part, closure(part))
        states = states[states.log_reward.isfinite()]
        if len(states):
            replay.add(backward_rollout(environment, states, generator=generator))
    return replay
