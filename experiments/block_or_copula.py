"""Which score suits a table with categories: `block`, the copula, or the rows cut into states.

Two kinds of truth, 8 columns and 300 rows each:

- acting: half of the columns are categories of two to four levels that act, and are acted on, through their levels. The
  scores are judged by the true graph: AUROC and log loss of the directed edges.
- thresholded: normal columns of a linear network, of which all are cut into two to four levels after the fact. The
  scores are judged by the posterior of BGe on the columns before they were cut: RMSE of the edge probabilities.

The copula joins as soon as there is a score of this name.

    python experiments/block_or_copula.py --tables 20 --jobs 2
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from options import add_run_options
from runs import Parameters, Record, carry_out
from summaries import write_csv, write_page

import dag_gfn
from dag_gfn.posterior.metrics import auroc, rmse
from dag_gfn.scores import SCORES

OUT = Path("experiments/results/block_or_copula")
COLUMNS, ROWS, EDGE = 8, 300, 0.3
SCORES_OF = {
    "acting": ("block", "copula", "bdeu of states"),
    "thresholded": ("block", "copula", "bge of codes", "bdeu of states"),
}
FIGURES = {"acting": ("auroc", "log_loss"), "thresholded": ("rmse",)}


def run(truth: str, score: str, seed: int) -> dict[str, Any]:
    """Return how near a score's edge probabilities are to the truth of one table."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    if truth == "acting":
        frame = acting_categories(graph, rng)
        edge = _edges(frame, score)
        off = ~np.eye(COLUMNS, dtype=bool)
        probability = edge[off].clip(1e-12, 1 - 1e-12)
        loss = -np.log(np.where(graph[off], probability, 1.0 - probability)).mean()
        return {"auroc": auroc(edge, graph), "log_loss": loss}
    traits = linear_traits(graph, rng)
    return {"rmse": rmse(_edges(thresholded(traits, rng), score), _edges(traits, "bge"))}


def random_graph(rng: np.random.Generator) -> np.ndarray:
    """Return a DAG in which each pair has an edge with probability `EDGE`, shape (d, d), bool."""
    order = rng.permutation(COLUMNS)
    graph = np.zeros((COLUMNS, COLUMNS), dtype=bool)
    graph[np.ix_(order, order)] = np.triu(rng.random((COLUMNS, COLUMNS)) < EDGE, 1)
    return graph


def acting_categories(graph: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return a table in which half of the columns are categories: text columns of two to four levels.

    A parent of r levels adds a random effect of each level, a numeric one its value times a weight. A number adds
    normal noise, a category draws its level with the softmax of one such sum for each level.
    """
    levels = np.zeros(COLUMNS, dtype=int)
    levels[rng.permutation(COLUMNS)[: COLUMNS // 2]] = rng.integers(2, 5, COLUMNS // 2)
    features: dict[int, np.ndarray] = {}
    columns: dict[str, np.ndarray] = {}
    for j in _order(graph):
        width = max(levels[j], 1)
        drive = np.zeros((ROWS, width))
        for i in np.flatnonzero(graph[:, j]):
            size = rng.uniform(0.5, 1.5) * (1.5 if levels[j] else 1.0)
            weights = rng.normal(size=(features[i].shape[1], width))
            drive += features[i] @ (size * weights / np.abs(weights).max())
        if levels[j]:
            state = (drive + rng.gumbel(size=drive.shape)).argmax(axis=1)
            features[j] = np.eye(width)[state]
            columns[f"x{j}"] = np.array(["north", "south", "east", "west"])[state]
        else:
            value = drive[:, 0] + rng.normal(size=ROWS)
            features[j] = ((value - value.mean()) / value.std())[:, None]
            columns[f"x{j}"] = value
    return pd.DataFrame({f"x{j}": columns[f"x{j}"] for j in range(COLUMNS)})


def linear_traits(graph: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return normal columns of a linear network."""
    values = np.zeros((ROWS, COLUMNS))
    for j in _order(graph):
        weights = rng.uniform(0.5, 1.2, COLUMNS) * rng.choice([-1, 1], COLUMNS) * graph[:, j]
        values[:, j] = values @ weights + rng.normal(size=ROWS)
        values[:, j] /= values[:, j].std()
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(COLUMNS)])


def thresholded(traits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return every column cut into two to four levels at random points, as ordered categories."""
    columns = {}
    for name, values in traits.items():
        r = rng.integers(2, 5)
        cuts = np.quantile(values, np.sort(rng.dirichlet(np.full(r, 4.0)).cumsum()[:-1]))
        codes = np.searchsorted(cuts, values)
        columns[name] = pd.Categorical.from_codes(codes, [f"level {c}" for c in range(r)], ordered=True)
    return pd.DataFrame(columns)


def _order(graph: np.ndarray) -> list[int]:
    """Return the columns with every parent before its children."""
    left, order = set(range(len(graph))), []
    while left:
        ready = [j for j in sorted(left) if not any(graph[i, j] for i in left)]
        order += ready
        left -= set(ready)
    return order


def _edges(frame: pd.DataFrame, score: str) -> np.ndarray:
    """Return the exact edge probabilities of a table under a score."""
    name, _, form = score.partition(" of ")
    if form == "codes":
        frame = frame.apply(lambda column: column.cat.codes.astype(float))
    elif form == "states":
        frame = frame.apply(_states)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)
        data = dag_gfn.from_frame(frame, discrete="all" if form == "states" else ())
        posterior = dag_gfn.fit(data, method="exact", score=name, num_samples=500, progress=False)
    return posterior.edge_marginals().to_numpy()


def _states(column: pd.Series) -> pd.Series:
    """Return a column as states: numbers are cut into thirds, and of four levels or more the rarest are merged."""
    if pd.api.types.is_float_dtype(column):
        return pd.qcut(column, 3, labels=["low", "middle", "high"]).astype(str)
    text = column.astype(str)
    common = text.value_counts().index[:2] if text.nunique() > 3 else text.unique()
    return text.where(text.isin(common), "other")


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs."""
    known = [
        (truth, score)
        for truth, scores in SCORES_OF.items()
        for score in scores
        if score.partition(" of ")[0] in SCORES
    ]
    tables = 1 if options.smoke else options.tables
    return [
        {"truth": truth, "score": score, "seed": seed} for truth, score in known for seed in range(tables)
    ]


def table_of(records: list[Record]) -> pd.DataFrame:
    """Return a row for each truth, score and figure: its mean, standard error, and the number of tables."""
    rows = []
    for truth, scores in SCORES_OF.items():
        for score in scores:
            results = [
                record["result"]
                for record in records
                if "error" not in record
                and (record["parameters"]["truth"], record["parameters"]["score"]) == (truth, score)
            ]
            for figure in FIGURES[truth] if results else ():
                values = np.array([result[figure] for result in results])
                error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
                rows.append(
                    {
                        "truth": truth,
                        "score": score,
                        "figure": figure,
                        "mean": values.mean(),
                        "standard_error": error,
                        "tables": len(values),
                    }
                )
    return pd.DataFrame(rows)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the table of the runs that there are."""
    table = table_of(records)
    sections = []
    if len(table):
        write_csv(table, out / "scores.csv")
        shown = table.assign(
            mean=table["mean"].map("{:.3f}".format),
            standard_error=table["standard_error"].map("{:.3f}".format),
        )
        sections.append(("How near each score comes to the truth", shown))
    write_page(out / "tables.md", "Scores of tables with categories", sections, records, [])


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=20, help="tables of each kind")
    add_run_options(parser, OUT)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
