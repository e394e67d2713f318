"""dag-gfn simulate: a table with a known DAG."""

import math
from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed
from dag_gfn.errors import OptionError, StorageError
from dag_gfn.files import write_text
from dag_gfn.memory import require_memory


def simulate(
    nodes: Annotated[int, typer.Option(help="Number of variables.")] = 5,
    edges_per_node: Annotated[float, typer.Option(help="Expected edges per node.")] = 1.0,
    graph: Annotated[str, typer.Option(help="er (Erdős-Rényi) or sf (scale-free).")] = "er",
    samples: Annotated[int, typer.Option(help="Number of rows.")] = 100,
    noise_variance: Annotated[float, typer.Option(help="Variance of each variable's noise.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Same seed, same table.")] = 0,
    out: Annotated[Path, typer.Option(help="CSV to write; the true edges go to OUT.graph.csv.")] = Path(
        "data.csv"
    ),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    debug: Debug = False,
) -> None:
    """Write a linear-Gaussian table drawn from a random DAG, with the DAG beside it."""
    import numpy as np

    check_seed(seed)
    _check_simulation(nodes, samples, edges_per_node, noise_variance)
    if not out.name or out.is_dir():
        raise StorageError(f"'{out}' is a folder: give the name of a CSV to write, for example data.csv")
    truth = out.with_name(out.stem + ".graph.csv")
    for path in (out, truth):
        if path.exists() and not overwrite:
            raise StorageError(
                f"'{path}' exists already: choose another name, or replace it with --overwrite"
            )
    data = dag_gfn.simulate(
        nodes,
        samples,
        rng=np.random.default_rng(seed),
        edges_per_node=edges_per_node,
        graph=graph,
        noise_variance=noise_variance,
    )
    names, true_graph = data.names, np.asarray(data.true_graph)
    edges = [f"{names[i]},{names[j]}" for i, j in np.argwhere(true_graph)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, data.to_frame().to_csv(index=False, lineterminator="\n"))
        write_text(truth, "\n".join(["source,target", *edges]) + "\n")
    except OSError as error:
        raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
    print(f"Wrote {samples} rows of {nodes} variables to {out} and the {len(edges)} true edges to {truth}.")


def _check_simulation(nodes: int, samples: int, edges_per_node: float, noise_variance: float) -> None:
    from dag_gfn.data.column_selection import MAX_COLUMNS  # loads NumPy

    if not 2 <= nodes <= MAX_COLUMNS:
        raise OptionError(f"nodes must be from 2 to {MAX_COLUMNS}, not {nodes}")
    if samples < 2:
        raise OptionError(f"samples must be at least 2, not {samples}")
    require_memory("samples", samples, 60 * nodes)  # numbers, and their text
    if not (0 <= edges_per_node < math.inf):
        raise OptionError(f"edges-per-node must be a finite number, 0 or more, not {edges_per_node}")
    if not (0 < noise_variance < math.inf):
        raise OptionError(f"noise-variance must be a positive finite number, not {noise_variance}")
