"""One network for many tables of the same columns, or a network for each.

The tables are bootstraps: the rows of a random linear-Gaussian network, drawn with replacement; with `--missing` they
are completed tables of rows of which cells are missing. GFlowNets over root layers are trained in five ways:

- each: a network for each table, from the beginning;
- short: the same with a part of the steps;
- on: with that part of the steps, but from the network of the table before (the first has all steps);
- one: a single network for all tables, with as many steps in all as `short`. Each collection of trajectories, and so
  each gradient step, is of one table; the network reads shares of that table, and the probabilities of its edges alone;
- tuned: with a further part of a part of the steps on each table, from that single network.

Every way learns from the same guides, and draws from each table with importance weights. Printed are medians over the
tables: the effective share of the draws, the error of the log evidence in nats, the largest error of an edge
probability against the exact posterior, and the seconds of the processor on one thread for each table, without guides.

    python experiments/one_network.py --columns 10
    python experiments/one_network.py --columns 15 --edges 2 --steps 200 --part 0.5
    python experiments/one_network.py --columns 8 --rows 300 --edges 1.5 --missing 0.15 --tables 6 --steps 2700 \\
        --ways each,short,on
"""

import argparse
import csv
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from options import names, require_known

import dag_gfn
from dag_gfn.data.resampling import resampled
from dag_gfn.exact.posterior import fit_exact
from dag_gfn.fitting.completed import complete
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.gflownet.chains import draw_guides
from dag_gfn.gflownet.env.layer_state import LayerState
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.model import build_layer_model
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.independent_nodes import log_available
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.layer_network import NUM_FEATURES
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.training.config import default_config, make_objective
from dag_gfn.gflownet.training.loop import train
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.scores import BGe, Constraints, LocalScore, ScoreTable, make_prior, make_score

OUT = Path("experiments/results")
DRAWS = 4_000
GUIDES_TOGETHER = 512
OBJECTIVE = "subtrajectory_balance"
WAYS = ("each", "short", "on", "one", "tuned")


@dataclass(frozen=True)
class SeenTable(LayerObservation):
    """An observation with what belongs to its table: log-weights of nodes, and shares of parent sets without a node."""

    log_all: torch.Tensor
    without: torch.Tensor


class Conditioned(RootLayers):
    """Root layers of one table, whose observations tell the table."""

    def observe(self, state: LayerState) -> SeenTable:
        """Return an observation with the table in it."""
        seen, b = super().observe(state), len(state)
        without = self.log_without.exp().reshape(1, -1).expand(b, -1)
        return SeenTable(*seen.tensors, self.log_all.float().expand(b, -1), without)


class InTurn:
    """Several tables as one environment, which turns to the next one whenever trajectories are collected."""

    every_state_terminal = False

    def __init__(self, environments: list[Conditioned]):
        self.environments, self.turn = environments, -1
        first = environments[0]
        self.num_nodes, self.num_actions, self.stop_action = (
            first.num_nodes,
            first.num_actions,
            first.stop_action,
        )
        self.device = first.device

    def initial_state(self, batch_size: int) -> LayerState:
        """Turn to the next table where one state is asked for, which a collection does once, at its beginning."""
        if batch_size == 1:
            self.turn = (self.turn + 1) % len(self.environments)
        return self.environments[self.turn].initial_state(batch_size)

    def __getattr__(self, name: str):
        return getattr(self.environments[self.turn], name)


class ConditionedMLP(LayerMLP):
    """A perceptron that reads the table with the state."""

    def __init__(self, environment: RootLayers):
        super().__init__(environment.log_all, environment.log_without)
        first, d = self.body[0], environment.num_nodes
        self.body[0] = torch.nn.Linear(NUM_FEATURES * d + d * d, first.out_features)

    def corrections(self, observation, features):
        """Return the corrections of a `LayerMLP`, whose hidden layers see the table too."""
        flat = features.flatten(1)
        hidden = self.body(torch.cat([flat, observation.without], dim=1))
        return self.ready(hidden) + self.ready_skip(flat), self.value(hidden).squeeze(1)

    def _independent(self, observation):
        available = log_available(observation.now, observation.later, observation.addable)
        own = (observation.left * (observation.log_all + available)).sum(1)
        return own + observation.clash.sum(1) / 2


@dataclass
class Prepared:
    """A table, its guides, and its exact posterior."""

    table: ScoreTable
    weights: LayerWeights
    guides: np.ndarray
    edge: np.ndarray
    log_evidence: float


def scores_of(
    data: dag_gfn.Dataset, number: int, missing: float, rng: np.random.Generator
) -> list[LocalScore]:
    """Return scores of resampled rows, or of completed tables where a share of the cells is missing."""
    if not missing:
        return [make_score("bge", resampled(data, seed=0, index=k).standardize()) for k in range(number)]
    data = data.standardize()
    data = replace(data, values=np.where(rng.random(data.values.shape) < missing, np.nan, data.values))
    model = BGe(filled_in(data)), make_prior("uniform", data.d), Constraints.none(data.d)
    return list(complete(data, *model, seed=0, tables=number, weigh=False).scores[:number])


def prepared(chosen: argparse.Namespace) -> list[Prepared]:
    """Return the tables, each with its guides and its exact posterior."""
    rng = np.random.default_rng(chosen.columns)
    data = dag_gfn.simulate(chosen.columns, chosen.rows, rng=rng, edges_per_node=chosen.edges)
    found = []
    for k, score in enumerate(scores_of(data, chosen.tables, chosen.missing, rng)):
        table = ScoreTable.build(score)
        exact = fit_exact(table, num_samples=1, rng=np.random.default_rng(0), memory_limit=10**10)
        weights = LayerWeights.build(table)
        guides = draw_guides(weights, seed=k, training_iterations=1).layer_of
        edge = exact.posterior.marginal("edge").values
        found.append(Prepared(table, weights, guides, edge, exact.posterior.log_evidence))
    return found


def shown(environment: RootLayers, guides: np.ndarray) -> list:
    """Return the trajectories of guides."""
    nothing_random, parts = torch.Generator(), torch.from_numpy(guides).split(GUIDES_TOGETHER)
    return [
        backward_rollout(environment, environment.state_of(part), generator=nothing_random) for part in parts
    ]


def replay_of(batches: list) -> TrajectoryReplay:
    """Return trajectories to learn from."""
    replay = TrajectoryReplay(len(batches), max_bytes=2**40)
    for batch in batches:
        replay.add(batch)
    return replay


def trained(environment, model: FlowModel, guides: TrajectoryReplay, steps: int, seed: int) -> FlowModel:
    """Train a model for so many steps."""
    config = default_config(
        environment.num_nodes, environment="layers", objective=OBJECTIVE, iterations=steps
    )
    generator = torch.Generator().manual_seed(seed)
    objective = make_objective(OBJECTIVE)
    return train(environment, model, objective, config, generator=generator, guides=guides).policy


def fresh(environment: RootLayers, guides: TrajectoryReplay) -> FlowModel:
    """Return an untrained model of one table, always with the same random weights."""
    torch.manual_seed(0)
    return build_layer_model(environment, make_objective(OBJECTIVE), guides)


def fresh_for_all(environments: list[Conditioned], guides: list[list]) -> FlowModel:
    """Return an untrained model of all tables; its flow starts from what is gained along the guides of all."""
    torch.manual_seed(0)
    network, seen, gains = ConditionedMLP(environments[0]), [], []
    for environment, batches in zip(environments, guides, strict=True):
        batch = batches[0]
        rows = batch.position // batch.shape[1]
        final = (batch.ends.log_reward - environment.initial_state(1).log_reward).float()
        seen.append(batch.observation)
        gains.append(final[rows] - batch.log_reward)
    network.start_from(SeenTable.concatenate(seen), torch.cat(gains))
    return FlowModel(network, shared_flow=True, forward_looking=True)


def start_of(model: FlowModel) -> dict:
    """Return the parameters of a model."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def judged(one: Prepared, environment: RootLayers, model: FlowModel) -> dict[str, float]:
    """Draw layerings, weigh them, and compare them with the exact posterior."""
    drawn = sample_outcomes(environment, model, DRAWS, generator=torch.Generator().manual_seed(1))
    estimate = ImportanceEstimate.from_log_weights(drawn.log_weight)
    weights = torch.softmax(drawn.log_weight, 0).numpy()
    edges = edge_probabilities(one.weights, drawn.outcome.numpy().astype(np.int8))
    edge = np.tensordot(weights, edges, axes=1)
    return {
        "share": estimate.ess,
        "evidence_error": abs(estimate.log_z - one.log_evidence),
        "largest_error": float(np.abs(edge - one.edge).max()),
    }


class Comparison:
    """Trains in all ways, and keeps a line for each way and table."""

    def __init__(self, tables: list[Prepared], steps: int, part: float, further: float):
        self.tables, self.steps = tables, steps
        self.few, self.fewer = max(1, int(part * steps)), max(1, int(further * steps))
        self.lines: list[dict] = []

    def note(
        self, way: str, k: int, steps: int, seconds: float, environment: RootLayers, model: FlowModel
    ) -> None:
        """Judge a model, and print the line."""
        line = {"columns": self.tables[k].table.d, "table": k, "way": way, "steps": steps, "seconds": seconds}
        self.lines.append(line | judged(self.tables[k], environment, model))
        print(
            {name: round(v, 4) if isinstance(v, float) else v for name, v in self.lines[-1].items()},
            flush=True,
        )

    def a_network_each(self, ways: list[str]) -> None:
        """Train a network on each table, from the beginning or from the network of the table before."""
        before: dict | None = None
        for k, one in enumerate(self.tables):
            environment = RootLayers(one.weights)
            guides = replay_of(shown(environment, one.guides))
            for way in ways:
                steps = self.steps if way == "each" or (way == "on" and before is None) else self.few
                began = time.process_time()
                model = fresh(environment, guides)
                if way == "on" and before is not None:
                    model.load_state_dict(before)
                model = trained(environment, model, guides, steps, seed=k)
                self.note(way, k, steps, time.process_time() - began, environment, model)
                before = start_of(model) if way == "on" else before

    def one_network(self, *, tuned: bool) -> None:
        """Train one network on all tables, and then further on each."""
        number = len(self.tables)
        environments = [Conditioned(one.weights) for one in self.tables]
        guides = [shown(place, one.guides) for place, one in zip(environments, self.tables, strict=True)]
        everything = replay_of([batch for batches in guides for batch in batches])
        began = time.process_time()
        model = fresh_for_all(environments, guides)
        model = trained(InTurn(environments), model, everything, self.few * number, seed=0)
        seconds, learned = (time.process_time() - began) / number, start_of(model)
        for k, environment in enumerate(environments):
            self.note("one", k, self.few, seconds, environment, model)
        for k, environment in enumerate(environments if tuned else []):
            own = replay_of(guides[k])
            model = fresh_for_all([environment], [guides[k]])
            model.load_state_dict(learned)
            began = time.process_time()
            model = trained(environment, model, own, self.fewer, seed=k)
            further = time.process_time() - began
            self.note("tuned", k, self.few + self.fewer, seconds + further, environment, model)


def main() -> None:
    """Train in all ways, print medians and write one line for each way and table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--edges", type=float, default=1.0, help="of the network, for each node")
    parser.add_argument(
        "--missing", type=float, default=0.0, help="share of the cells; else rows are resampled"
    )
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--steps", type=int, default=400, help="of a training from the beginning")
    parser.add_argument("--part", type=float, default=0.25, help="of these steps, for each table")
    parser.add_argument(
        "--further", type=float, default=0.05, help="of these steps, to tune the single network"
    )
    parser.add_argument("--ways", type=names, default=list(WAYS))
    parser.add_argument("--out", type=Path, help=f"default {OUT}/one_network_COLUMNS.csv")
    chosen = parser.parse_args()
    require_known(parser, "--ways", chosen.ways, list(WAYS))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    comparison = Comparison(prepared(chosen), chosen.steps, chosen.part, chosen.further)
    if "one" in chosen.ways:
        comparison.one_network(tuned="tuned" in chosen.ways)
    comparison.a_network_each([way for way in chosen.ways if way not in ("one", "tuned")])
    lines = comparison.lines
    out = chosen.out or OUT / f"one_network_{chosen.columns}.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    for way in chosen.ways:
        of_way = [line for line in lines if line["way"] == way and (way != "on" or line["table"])]
        figures = ("share", "evidence_error", "largest_error", "seconds")
        medians = {name: round(float(np.median([line[name] for line in of_way])), 4) for name in figures}
        worst = {f"worst_{name}": round(max(line[name] for line in of_way), 4) for name in figures[1:3]}
        print(way, medians | worst)


if __name__ == "__main__":
    main()
