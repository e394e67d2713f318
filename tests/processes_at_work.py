"""A script that tests start in several processes: it trains on a small table in several ways, and prints the results.

Given are a folder for checkpoints; the variables of torchrun say who is who.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from sampler_cases import score_table

from dag_gfn.gflownet.edges.fit import fit_edges
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.request import FitRequest, FitStreams
from dag_gfn.gflownet.training.config import TrainConfig, default_config
from dag_gfn.gflownet.training.loop import train
from dag_gfn.gflownet.training.processes import Processes, TookPart, joined

CONFIG = TrainConfig(iterations=30, batch_size=16, rollout_size=32, steps_per_rollout=4, replay_batches=3)


def start(arguments: Sequence[object], count: int, *, cwd: Path) -> list[tuple[str, str]]:
    """Run Python in several processes as torchrun does; return the outputs of each, and fail if one fails."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    tests = str(Path(__file__).parent)
    common = os.environ | {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    common |= {
        "LOCAL_WORLD_SIZE": str(count),
        "PYTHONPATH": os.pathsep.join([tests, os.environ["PYTHONPATH"]]),
    }
    common |= {"OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
        )
        for rank in range(count)
    ]
    try:
        said = [process.communicate(timeout=300) for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0] * count, said
    return said


def trained(processes: Processes, config: TrainConfig, **options) -> dict:
    """Train from weights that differ between the processes, and return what can be compared."""
    torch.manual_seed(processes.rank)
    policy = EdgeMLP(3, hidden_size=16)
    generator = FitStreams(0, torch.device("cpu"), processes).training()
    before = generator.get_state()
    result = train(
        EdgeAddition(score_table(3)),
        policy,
        ModifiedDetailedBalance(),
        config,
        generator=generator,
        processes=processes,
        **options,
    )
    return {
        "weights": [float(p.double().sum()) for p in result.policy.parameters()],
        "iterations": result.iterations,
        "interrupted": result.interrupted,
        "cut_short": result.cut_short,
        "stream": int(before.double().sum()),
    }


def main() -> None:
    """Print a line of JSON for each way of training."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    told = {}
    with joined() as processes:
        own = {"checkpoint": folder / "training.safetensors"} if processes.leads else {}
        sent = []

        def interrupt(report):
            if processes.rank == 1 and not sent:  # the first report comes with the first step
                sent.append(report.iteration)
                os.kill(os.getpid(), signal.SIGINT)

        told["interrupted"] = trained(processes, CONFIG, on_report=interrupt, **own)
        told["resumed"] = trained(processes, CONFIG, **own)
        told["in_time"] = trained(processes, replace(CONFIG, iterations=10**6, time_budget=0.5))

        def go_on(policy):
            return True

        more = {"go_on": go_on} if processes.leads else {}
        told["again"] = trained(processes, replace(CONFIG, iterations=2, time_budget=2.0), **more)

        request = FitRequest(
            0,
            default_config(3, environment="edges", iterations=300),
            50,
            ModifiedDetailedBalance(),
            processes=processes,
        )
        try:
            fit = fit_edges(score_table(3), request)
            told["fit"] = {"probabilities": fit.log_probabilities.tolist(), "draws": len(fit.adjacency)}
        except TookPart:
            told["fit"] = "took part"
    print(json.dumps(told))


if __name__ == "__main__":
    main()
