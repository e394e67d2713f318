"""Small score tables, and policies with given probabilities, for the tests of the sampler."""

import numpy as np
import oracles
import torch

from dag_gfn.data import from_array
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.request import FitRequest
from dag_gfn.gflownet.training.config import make_objective
from dag_gfn.scores import Constraints, ScoreTable, make_score


def score_table(
    d, *, rows=12, seed=0, storage="auto", prior=None, required=(), forbidden=(), max_parents=None
):
    """BGe on a few correlated normal rows; constraints by number of node."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, d)) @ (np.eye(d) + 0.5 * rng.normal(size=(d, d)))
    data = from_array(values).standardize()
    constraints = Constraints.from_names(
        data.names,
        required=[(data.names[i], data.names[j]) for i, j in required],
        forbidden=[(data.names[i], data.names[j]) for i, j in forbidden],
        max_parents=max_parents,
    )
    return ScoreTable.build(make_score("bge", data), prior, constraints, storage=storage)


def log_reward(table):
    """Return the function from one adjacency to log R that the oracles take."""

    def of_graph(dag):
        parents = [sum(1 << i for i in range(table.d) if dag[i, j]) for j in range(table.d)]
        return float(table.log_reward(np.array([parents], dtype=np.int64))[0])

    return of_graph


def policy_of(probabilities):
    """Return a policy that looks each state's action probabilities up."""

    def policy(observation):
        rows = [probabilities[dag.tobytes()] for dag in observation.adjacency.numpy()]
        return torch.from_numpy(np.log(np.maximum(np.array(rows), 1e-300)))

    return policy


def exact_policy(table):
    """Return the policy that samples the posterior of a table."""
    return policy_of(oracles.exact_policy(table.d, log_reward(table)))


def states_of(environment, dags):
    """Return the states of given graphs, with the closure found by breadth-first search."""

    def masks(matrices):
        bits = 1 << np.arange(environment.num_nodes, dtype=np.int64)
        return torch.from_numpy(np.einsum("kij,i->kj", matrices.astype(np.int64), bits))

    return environment.state_of(masks(dags), masks(np.array([oracles.closure(dag) for dag in dags])))


def probabilities_of(policy, table):
    """Return {adjacency bytes: probabilities} of a policy at every possible state."""
    environment = EdgeAddition(table)
    possible = oracles.posterior(table.d, log_reward(table))
    dags = np.array([dag for dag in oracles.all_dags(table.d) if dag.tobytes() in possible])
    observation = environment.observe(states_of(environment, dags))
    with torch.no_grad():
        log_p = masked_log_softmax(policy(observation).double(), observation.legal_actions)
    return {dag.tobytes(): row for dag, row in zip(dags, log_p.exp().numpy(), strict=True)}


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def steps_of(trajectories):
    """Return the places of each trajectory's steps in the flat lists, by a plain loop."""
    b, t = trajectories.shape
    places = {position: m for m, position in enumerate(trajectories.position.tolist())}
    return [[places[r * t + s] for s in range(t) if r * t + s in places] for r in range(b)]


def request_of(config, *, seed=0, num_samples=50, objective="modified_db", **rest):
    """Return what a fit is asked for; the objective may be its name."""
    made = make_objective(objective) if isinstance(objective, str) else objective
    return FitRequest(seed, config, num_samples, made, **rest)
