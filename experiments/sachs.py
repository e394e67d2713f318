"""The protein table of Sachs et al. (2005): nine experiments on 11 proteins, with and without what is known of them.

Every experiment is a file with a column for each protein. The exact posterior is computed without any knowledge, with
perfect known targets, and with contexts: a column for each reagent, which can only be a cause. Edges are compared with
the 17 edges of the consensus network in Sachs et al. (2005), over all 110 ordered pairs (area under the ROC curve).

    python experiments/sachs.py DATA_FOLDER --discrete TABLE

The files are those of the supplement, named 1_*.csv to 9_*.csv, as they can be had from the collection of benchpress.
The table has 5,400 rows, 600 of each experiment, in three levels, as in the supplement and in the collection
cmu-phil/example-causal-datasets.

Published beside it, on 5,400 rows cut into three levels: figures of Deleu et al. (UAI 2022), whose exact posterior has
an order-modular prior.
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import dag_gfn

OUT = Path("experiments/results/sachs")
CONSENSUS = """PKC>PKA PKC>Raf PKA>Raf PKC>Mek PKA>Mek Raf>Mek Mek>Erk PKA>Erk Erk>Akt PKA>Akt PKC>P38 PKA>P38 PKC>Jnk
PKA>Jnk Plcg>PIP3 Plcg>PIP2 PIP3>PIP2"""
"""The edges that Sachs et al. (Science 308, 2005, figure 2) expected."""
EXPERIMENTS = {
    2: ("ICAM2", None),
    3: ("Akt inhibitor", "Akt"),
    4: ("G0076", "PKC"),
    5: ("psitectorigenin", "PIP2"),
    6: ("U0126", "Mek"),
    7: ("LY294002", "PIP3"),
    8: ("PMA", "PKC"),
    9: ("b2cAMP", "PKA"),
}
"""Reagent and direct target by the number of the file. 1 has the general stimulus alone, as all others have too. The
target of LY294002 is PI3K, which was not measured and makes PIP3; ICAM2 is a second general stimulus."""
DISCRETE_COLUMNS = ("Raf", "Mek", "Plcg", "PIP2", "PIP3", "Erk", "Akt", "PKA", "PKC", "P38", "Jnk")
DISCRETE_TARGETS = ("PKA", "", "Akt", "PKC", "PIP2", "Mek", "", "PKC", "")
"""What was set in each block of 600 rows of the table in three levels, where the target has one level throughout."""
PUBLISHED = {
    "exact, order-modular prior": 0.816,
    "approximate methods, the better": 0.700,
    "approximate methods, the other": 0.665,
}


def read_experiments(folder: Path) -> pd.DataFrame:
    """Return the rows of all files, with the number of the file in the column `experiment`."""
    parts = []
    for path in sorted(folder.glob("[1-9]_*.csv")):
        parts.append(pd.read_csv(path).assign(experiment=int(path.name[0])))
    if len(parts) != 9:
        raise SystemExit(f"expected the files 1_*.csv to 9_*.csv in '{folder}', found {len(parts)} of them")
    return pd.concat(parts, ignore_index=True)


def read_discrete(file: Path) -> pd.DataFrame:
    """Return the table in three levels, with what was set in the column `set`, and the block in `experiment`."""
    table = pd.read_csv(file, sep=None, engine="python").astype(str)
    if table.shape != (5400, 11):
        raise SystemExit(f"expected 5,400 rows of 11 columns in '{file}', found {table.shape}")
    table.columns = list(DISCRETE_COLUMNS)
    blocks = np.repeat(np.arange(9), 600)
    return table.assign(set=np.array(DISCRETE_TARGETS)[blocks], experiment=blocks.astype(str))


def with_contexts(rows: pd.DataFrame, numbers: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows with a column of yes and no for each reagent, and the names of these columns."""
    added = {
        reagent: np.where(numbers == number, "yes", "no") for number, (reagent, _) in EXPERIMENTS.items()
    }
    return rows.assign(**added), list(added)


def mask_of(rows: pd.DataFrame, numbers: pd.Series) -> np.ndarray:
    """Return which proteins were set in which rows."""
    targets = numbers.map({number: target for number, (_, target) in EXPERIMENTS.items()})
    return np.stack([targets.to_numpy() == name for name in rows.columns], axis=1)


def consensus_auroc(edges: pd.DataFrame, proteins: list[str]) -> float:
    """Return the area under the ROC curve of the consensus edges over all ordered pairs of proteins.

    Probabilities are rounded to nine digits: below, their order is that of rounding errors.
    """
    expected = {tuple(edge.split(">")) for edge in CONSENSUS.split()}
    ordered = [(a, b) for a in proteins for b in proteins if a != b]
    return float(
        roc_auc_score(
            [pair in expected for pair in ordered], [round(float(edges.loc[pair]), 9) for pair in ordered]
        )
    )


def found_targets(
    posterior: dag_gfn.GraphPosterior, contexts: list[str], proteins: list[str]
) -> pd.DataFrame:
    """Return for each reagent its expected target, P(change) of it, its rank, and what is likelier to change."""
    edges, lines = posterior.edge_marginals(), []
    for reagent, target in EXPERIMENTS.values():
        if reagent in contexts:
            change = edges.loc[reagent, proteins].sort_values(ascending=False)
            lines.append(
                {
                    "reagent": reagent,
                    "expected target": target or "-",
                    "P(change)": None if target is None else float(change[target]),
                    "changed (P > 0.5)": ", ".join(change.index[change > 0.5]),
                }
            )
    return pd.DataFrame(lines)


def analyses(
    data: pd.DataFrame, discrete: pd.DataFrame | None, *, num_samples: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of areas, and that of targets found by contexts."""
    numbers, proteins = data["experiment"], [name for name in data.columns if name != "experiment"]
    measured = np.log(data[proteins])
    thirds = measured.apply(lambda column: pd.qcut(column, 3, labels=["A", "B", "C"]).astype(str))
    first_two = numbers <= 2
    options: dict[str, Any] = {"method": "exact", "num_samples": num_samples, "progress": False}
    lines = []

    def add(rows: str, score: str, knowledge: str, fitted: dag_gfn.GraphPosterior) -> dag_gfn.GraphPosterior:
        edges = fitted.edge_marginals()
        lines.append(
            {
                "rows": rows,
                "score": score,
                "experiments": knowledge,
                "AUROC": consensus_auroc(edges, proteins),
                "expected edges": float(edges.loc[proteins, proteins].to_numpy().sum()),
            }
        )
        return fitted

    def read(rows: pd.DataFrame, **reading: Any) -> dag_gfn.Dataset:
        return dag_gfn.from_frame(rows, keep=proteins, **reading)

    mask = mask_of(measured, numbers)
    observed = measured[first_two].reset_index(drop=True)
    add("1 and 2, log", "BGe", "none in these rows", dag_gfn.fit(read(observed), **options))
    add("all, log", "BGe", "ignored", dag_gfn.fit(read(measured), **options))
    add("all, log", "BGe", "known targets", dag_gfn.fit(read(measured, intervened=mask), **options))
    levels, contexts = with_contexts(measured, numbers)
    by_context = dag_gfn.fit(read(levels, context=contexts), **options)
    add("all, log", "BGe", "contexts, one for each reagent", by_context)
    required = [(reagent, target) for reagent, target in EXPERIMENTS.values() if target is not None]
    forbidden = [
        (reagent, name)
        for reagent, target in EXPERIMENTS.values()
        if target is not None
        for name in proteins
        if name != target
    ]
    soft = dag_gfn.fit(read(levels, context=contexts), required=required, forbidden=forbidden, **options)
    add("all, log", "BGe", "contexts with known targets (soft)", soft)
    one = measured.assign(experiment=numbers.astype(str))
    add(
        "all, log",
        "BGe",
        "one context of nine levels",
        dag_gfn.fit(read(one, context=["experiment"]), **options),
    )
    add("all, in thirds", "BDeu", "ignored", dag_gfn.fit(read(thirds), **options))
    add("all, in thirds", "BDeu", "known targets", dag_gfn.fit(read(thirds, intervened=mask), **options))
    order_modular = dag_gfn.fit(read(thirds, intervened=mask), order_modular=True, **options)
    add("all, in thirds", "BDeu", "known targets, order-modular prior", order_modular)
    if discrete is not None:
        alone, rows = {"columns": proteins, "discrete": "all"}, "5,400 in three levels"
        add(rows, "BDeu", "ignored", dag_gfn.fit(dag_gfn.from_frame(discrete, **alone), **options))
        known = dag_gfn.from_frame(discrete, interventions="set", **alone)
        add(rows, "BDeu", "known targets", dag_gfn.fit(known, **options))
        order_modular = dag_gfn.fit(known, order_modular=True, **options)
        add(rows, "BDeu", "known targets, order-modular prior", order_modular)
        one = dag_gfn.from_frame(discrete, context=["experiment"], **alone)
        add(rows, "BDeu", "one context of nine levels", dag_gfn.fit(one, **options))
    return pd.DataFrame(lines), found_targets(by_context, contexts, proteins)


def main() -> None:
    """Print the tables, and write them to the folder of results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="with the files of the nine experiments")
    parser.add_argument("--discrete", type=Path, help="the table of 5,400 rows in three levels")
    parser.add_argument(
        "--num-samples", type=int, default=1000, help="graphs to draw; edges are exact without"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.simplefilter("ignore", dag_gfn.DataWarning)
    discrete = None if options.discrete is None else read_discrete(options.discrete)
    areas, targets = analyses(read_experiments(options.folder), discrete, num_samples=options.num_samples)
    options.out.mkdir(parents=True, exist_ok=True)
    areas.to_csv(options.out / "areas.csv", index=False)
    targets.to_csv(options.out / "targets.csv", index=False)
    published = pd.DataFrame({"published": list(PUBLISHED), "AUROC": list(PUBLISHED.values())})
    parts = ["# The protein table of Sachs et al.", ""]
    for title, table in (
        ("Exact posteriors against the 17 consensus edges", areas),
        ("Published, on 5,400 rows in three levels", published),
        ("Which proteins each reagent changes directly, with no knowledge of targets", targets),
    ):
        parts += [f"## {title}", "", _markdown(table), ""]
    text = "\n".join(parts)
    (options.out / "tables.md").write_text(text, encoding="utf-8")
    print(text)


def _markdown(table: pd.DataFrame) -> str:
    rows = [
        [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in table.to_numpy()
    ]
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines).replace("nan", "-")


if __name__ == "__main__":
    main()
