"""Methods of this package beside other programs: one table, equal scores, equal time, one line for each.

    python experiments/compare.py --example wine --seconds 60
    python experiments/compare.py --simulate 15,100,2,1 --prior fair --peer-python /path/to/venv/bin/python
    python experiments/compare.py --csv table.csv --truth edges.csv --methods exact,mcmc --peers gadget,bidag

The programs are in `experiments/peers/`; each runs in a process of its own, those of others with `--peer-python`. One
that is not installed is left out, with a word that says what it needs. Before anything is compared, ten random DAGs
are scored by each program: where its log-scores differ from ours by more than a constant of the table, it is refused,
with the difference. Up to 20 columns edges are measured against the exact posterior of the same rows and prior.

A tenth of the rows is held out: programs see the others, and the log density of these rows is that of their DAGs,
parameters integrated out. Written: `experiments/results/compare/TABLE.csv`, to which rows are appended.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from comparison_figures import figures
from options import names
from peers import PEERS
from peers.own import score_table
from peers.table import Drawn, Table, is_acyclic

import dag_gfn
from dag_gfn.fitting.options import MethodOptions
from dag_gfn.options import options_of

OUT = Path("experiments/results/compare")
WORKER = Path(__file__).parent / "peers" / "worker.py"
MAX_EXACT = 20
MAX_SCORE_FILE = 14
"""Columns up to which all families are written to a file of scores."""
TOLERANCE = 1e-4
"""Nats by which differences of log-scores may differ between programs."""
FIELDS = (
    *(
        "table",
        "rows",
        "columns",
        "score",
        "prior",
        "program",
        "gives",
        "outcome",
        "seconds_allowed",
        "seconds",
    ),
    *("peak_megabytes", "edge_max_error", "edge_rmse", "runs_differ_at_most", "runs_differ_rms", "auroc"),
    *("expected_shd", "expected_skeleton_shd", "expected_cpdag_shd", "held_out_log_density", "note"),
)


def own_methods() -> list[str]:
    """Return the names of the methods of this package, but for the one that chooses among them."""
    return [name for name in options_of(MethodOptions)["method"].choices if name != "auto"]


def read(options: argparse.Namespace) -> tuple[str, "dag_gfn.Dataset", np.ndarray | None]:
    """Return the name of the table, its data, and the true graph where there is one."""
    if options.simulate:
        d, n, edges, seed = (float(part) for part in options.simulate.split(","))
        rng = np.random.default_rng(int(seed))
        data = dag_gfn.simulate(int(d), int(n), edges_per_node=edges, rng=rng)
        return f"simulated_d{d:g}_n{n:g}_m{edges:g}_seed{seed:g}", data, data.true_graph
    if options.csv:
        data, name = dag_gfn.read_csv(options.csv), options.csv.stem
    else:
        data, name = dag_gfn.load_example(options.example, num_samples=options.rows), options.example
    truth = data.true_graph
    if options.truth:
        truth = np.zeros((data.d, data.d), dtype=bool)
        with options.truth.open(newline="", encoding="utf-8") as file:
            for source, target, *_ in csv.reader(file):
                if source in data.names and target in data.names:
                    truth[data.names.index(source), data.names.index(target)] = True
        if not is_acyclic(truth):
            raise SystemExit(f"the edges of '{options.truth}' have a cycle: a true graph is a DAG")
    return name, data, truth


def tables(data: "dag_gfn.Dataset", options: argparse.Namespace) -> tuple[Table, Table]:
    """Return the rows that programs see, and all rows, on the scale of the former."""
    kinds = set(data.kinds)
    if len(kinds) > 1:
        raise SystemExit("the table has numbers and categories: the programs' scores are for one kind alone")
    is_discrete = kinds == {"discrete"}
    allowed = ("bdeu", "bic") if is_discrete else ("bge", "bic")
    score = options.score or allowed[0]
    if score not in allowed:
        raise SystemExit(f"'{score}' is no score of this table: choose {' or '.join(allowed)}")
    values = np.asarray(data.values, dtype=float)
    shown = np.random.default_rng(0).permutation(len(values))
    held = int(options.held_out * len(values))
    shown, hidden = shown[held:], shown[:held]
    if not is_discrete:
        values = (values - values[shown].mean(axis=0)) / values[shown].std(axis=0)
    sizes = np.array(data.cardinalities) if is_discrete else np.zeros(data.d, dtype=int)
    train = Table(
        values=values[np.sort(shown)],
        names=list(data.names),
        cardinalities=sizes,
        score=score,
        prior=options.prior,
        alpha_w=float(data.d + 2),
    )
    return train, replace(train, values=np.concatenate([train.values, values[hidden]]))


def random_dags(d: int, number: int = 10) -> np.ndarray:
    """Return random DAGs with at most three parents of a node, (number, d, d) bool."""
    rng, dags = np.random.default_rng(0), np.zeros((number, d, d), dtype=bool)
    for dag in dags:
        order = rng.permutation(d)
        for place in range(1, d):
            parents = rng.choice(order[:place], size=rng.integers(min(place, 3) + 1), replace=False)
            dag[parents, order[place]] = True
    return dags


def work(python: str, *arguments: object, limit: float) -> str:
    """Run the worker, and return what it said; what goes wrong is raised with the last of its words."""
    try:
        done = subprocess.run(
            [python, str(WORKER), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"no end within {limit:.0f} s") from None
    if done.returncode == 3:
        raise RuntimeError(done.stdout.strip().splitlines()[-1].removeprefix("not possible: "))
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise RuntimeError(f"fails with exit code {done.returncode}: {said[-200:]}")
    return done.stdout.strip()


def disparity(scores: np.ndarray, ours: np.ndarray) -> float:
    """Return by how many nats differences between DAGs differ at most; nan where the program has no score."""
    gap = scores - ours
    return float(gap.max() - gap.min())


class Comparison:
    """The programs on one table."""

    def __init__(
        self, train: Table, every: Table, truth: np.ndarray | None, options: argparse.Namespace, place: Path
    ):
        self.every, self.truth, self.options, self.place = every, truth, options, place
        if train.d <= MAX_SCORE_FILE:
            train = replace(train, score_file=str(self._score_file(train)))
        self.train = train
        self.source = place / "table.npz"
        train.save(self.source)
        self.dags = random_dags(train.d)
        self.ours = score_table(train).log_reward_of(self.dags)
        self.exact = exact_edges(train) if train.d <= MAX_EXACT else None

    def _score_file(self, train: Table) -> Path:
        from peers.own import dataset, hyperparameters

        path = self.place / "scores.jkl"
        numbered = dataset(replace(train, names=[str(j) for j in range(train.d)]))
        dag_gfn.export_scores(
            numbered,
            path,
            with_prior=True,
            prior=train.prior,
            max_parents=train.d - 1,
            **hyperparameters(train),
        )
        return path

    def line(self, program: str) -> dict[str, Any]:
        """Return the line of one program."""
        is_ours = program.startswith("dag_gfn.")
        python = sys.executable if is_ours else self.options.peer_python
        try:
            if not is_ours:
                why_not = work(python, program, "installed", limit=300).rpartition("installed:")[2].strip()
                if why_not:
                    return {"outcome": f"left out: {why_not}"}
                self._require_parity(python, program)
            runs, found = [], []
            for seed in range(self.options.seeds):
                out = self.place / f"{program}_{seed}.npz"
                allowed = self.options.seconds
                work(python, program, "run", self.source, out, allowed, seed, limit=4 * allowed + 600)
                drawn, others = Drawn.load(out)
                runs.append(drawn)
                found.append(others)
        except RuntimeError as error:
            return {"outcome": str(error)}
        measured = figures(runs, train=self.train, every=self.every, exact=self.exact, truth=self.truth)
        return {
            "outcome": "compared",
            "seconds": np.mean([run.seconds for run in runs]),
            "peak_megabytes": max(each["megabytes"] for each in found),
            **measured,
            "note": "; ".join(dict.fromkeys(run.note for run in runs if run.note)),
        }

    def _require_parity(self, python: str, program: str) -> None:
        asked = self.place / f"{program}_dags.npz"
        np.savez(asked, dags=self.dags)
        work(python, program, "score", self.source, asked, 0, 0, limit=600)
        with np.load(asked) as answer:
            scores = answer["scores"]
        if np.isnan(scores).all():
            return
        apart = disparity(scores, self.ours)
        if not apart <= TOLERANCE:
            raise RuntimeError(
                f"refused: its scores of ten random DAGs differ from ours by up to {apart:.3g} nats beyond a constant"
            )


def exact_edges(train: Table) -> np.ndarray | None:
    """Return the exact edge probabilities, or None where double precision does not suffice."""
    from peers.own import dataset, hyperparameters

    from dag_gfn.errors import NotTractable
    from dag_gfn.exact.dag_dp import exact_marginals
    from dag_gfn.scores import ScoreTable, make_prior, make_score

    kept = {
        k: v
        for k, v in hyperparameters(train).items()
        if k in ("alpha_mu", "alpha_w", "equivalent_sample_size")
    }
    score = make_score(train.score, dataset(train), **kept)
    try:
        return exact_marginals(ScoreTable.build(score, make_prior(train.prior, train.d))).edge
    except NotTractable as error:
        print(f"no exact posterior: {error}", flush=True)
        return None


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--csv", type=Path)
    source.add_argument("--example", choices=dag_gfn.example_names())
    source.add_argument("--simulate", metavar="D,N,EDGES_PER_NODE,SEED")
    parser.add_argument("--rows", type=int, default=1000, help="of an example that is a network")
    parser.add_argument("--truth", type=Path, help="CSV file of edges, source,target")
    parser.add_argument("--score", choices=["bge", "bdeu", "bic"])
    parser.add_argument("--prior", default="uniform", choices=["uniform", "fair"])
    parser.add_argument("--methods", type=names, default=own_methods(), help="of this package; default all")
    parser.add_argument(
        "--peers", type=names, default=list(PEERS), help="other programs; default all, 'none' for none"
    )
    parser.add_argument(
        "--peer-python", default=sys.executable, help="the Python that has the other programs"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run")
    parser.add_argument("--seeds", type=int, default=2, choices=[1, 2], help="runs of each program")
    parser.add_argument("--held-out", type=float, default=0.1, help="share of the rows")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    options.peers = [] if options.peers == ["none"] else options.peers
    for given, known in ((options.methods, own_methods()), (options.peers, PEERS)):
        unknown = [name for name in given if name and name not in known]
        if unknown:
            parser.error(f"unknown {', '.join(unknown)}: choose {', '.join(known)}")
    if not 0 <= options.held_out < 0.9:
        parser.error("--held-out is a share below 0.9")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    name, data, truth = read(options)
    train, every = tables(data, options)
    path = options.out / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    programs = [f"dag_gfn.{method}" for method in options.methods if method] + options.peers
    with tempfile.TemporaryDirectory() as place:
        comparison = Comparison(train, every, truth, options, Path(place))
        for program in programs:
            line = {
                **{"table": name, "rows": len(train.values), "columns": train.d, "score": train.score},
                **{"prior": train.prior, "program": program, "seconds_allowed": options.seconds},
                **{"gives": gives(program), **comparison.line(program)},
            }
            append(path, line)
            shown = [f"{key} {as_text(line[key])}" for key in FIELDS[7:] if line.get(key) not in (None, "")]
            print(f"{program}: {', '.join(shown)}", flush=True)


def gives(program: str) -> str:
    """Return whether a program gives a posterior, or frequencies of point estimates."""
    import importlib

    if program.startswith("dag_gfn."):
        return importlib.import_module("peers.own").Method(program.partition(".")[2]).gives
    return importlib.import_module(f"peers.{program}").gives


def append(path: Path, line: dict[str, Any]) -> None:
    """Append a line to a CSV file."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow({key: as_text(line.get(key, "")) for key in FIELDS})


def as_text(value: Any) -> str:
    """Return a value with four digits; nothing where it is not known."""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)


if __name__ == "__main__":
    main()
