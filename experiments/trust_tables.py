"""The tables by which `trust.py` holds verdicts against the truth: real, simulated, and made to be hard.

Each has at most 14 columns, so that its exact posterior is a matter of seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api

import dag_gfn

HADAMARD = 0.5 * np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
"""A symmetric orthogonal matrix: its own inverse."""


@dataclass(frozen=True)
class Table:
    """A table and the options that it is fitted with.

    Attributes
    ----------
    kind : str
        What it stands for.
    make : callable
        Returns the data.
    options : dict
        Of `dag_gfn.fit`.
    """

    kind: str
    make: Callable[[], dag_gfn.Dataset]
    options: dict[str, Any] = field(default_factory=dict)


def example(name: str, columns: int, *, rows: int | None = None, first: int = 0) -> dag_gfn.Dataset:
    """Return some neighbouring columns of an example, and rows that are spread evenly."""
    table = dag_gfn.load_example(name).to_frame().iloc[:, first : first + columns]
    chosen = np.arange(len(table)) if rows is None else np.arange(rows) * len(table) // rows
    return dag_gfn.from_frame(table.iloc[chosen])


def public(name: str, columns: int | None = None) -> dag_gfn.Dataset:
    """Return the first numeric columns of a data set of statsmodels."""
    table = getattr(statsmodels.api.datasets, name).load_pandas().data
    numeric = (
        table.select_dtypes("number").dropna().drop(columns=["year", "quarter", "YEAR"], errors="ignore")
    )
    return dag_gfn.from_frame(numeric.iloc[:, :columns].astype(float))


def network(name: str, rows: int, *, seed: int = 0, columns: int | None = None) -> dag_gfn.Dataset:
    """Return a sample of a discrete network, all of its columns or the first."""
    sample = dag_gfn.load_example(name, num_samples=rows, seed=seed)
    return sample if columns is None else dag_gfn.from_frame(sample.to_frame().iloc[:, :columns].astype(str))


def simulated(nodes: int, rows: int, *, seed: int = 0, **options: Any) -> dag_gfn.Dataset:
    """Return a linear-Gaussian sample of a random graph."""
    return dag_gfn.simulate(nodes, rows, rng=np.random.default_rng([nodes, rows, seed]), **options)


def factors(nodes: int, rows: int, *, hidden: int = 2, noise: float = 0.5, seed: int = 0) -> dag_gfn.Dataset:
    """Return columns that are driven by a few that are not among them."""
    rng = np.random.default_rng([nodes, rows, hidden, seed])
    columns = rng.normal(size=(rows, hidden)) @ rng.normal(size=(hidden, nodes))
    return named(columns + noise * rng.normal(size=columns.shape))


def copies(nodes: int, rows: int, noise: float, *, seed: int = 0) -> dag_gfn.Dataset:
    """Return a simulated table in which every second column nearly repeats the one before it."""
    rng = np.random.default_rng([nodes, rows, seed, 7])
    values = np.array(simulated(nodes, rows, seed=seed, noise_variance=1.0).values)
    for j in range(1, nodes, 2):
        values[:, j] = values[:, j - 1] + noise * values[:, j - 1].std() * rng.normal(size=rows)
    return named(values)


def modes(
    rows: int, *, noise: float, seed: int = 0, symmetric: bool = False, more: int = 0
) -> dag_gfn.Dataset:
    """Return V = H U + noise with four independent columns U: two modes, U → V and V → U, far from each other.

    Where it is `symmetric`, every row (u, v) is followed by (v, u), so that both have exactly the same probability.
    `more` independent columns leave other questions open.
    """
    rng = np.random.default_rng([rows, seed, more])
    half = rows // 2 if symmetric else rows
    u = rng.normal(size=(half, 4))
    v = u @ HADAMARD + noise * rng.normal(size=(half, 4))
    values = np.hstack([u, v])
    if symmetric:
        values = np.vstack([values, np.hstack([v, u])])
    return named(np.hstack([values, rng.normal(size=(len(values), more))]))


def named(values: np.ndarray) -> dag_gfn.Dataset:
    """Return an array as a table of columns x0, x1, ..."""
    return dag_gfn.from_frame(pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])]))


TABLES: dict[str, Table] = {
    "wine": Table("real", lambda: example("wine", 13)),
    "wine_n32": Table("real", lambda: example("wine", 11, rows=32)),
    "diabetes": Table("real", lambda: example("diabetes", 10)),
    "breast_cancer": Table("real", lambda: example("breast_cancer", 10)),
    "breast_cancer_12": Table("real", lambda: example("breast_cancer", 12, first=10)),
    "breast_cancer_n32": Table("real", lambda: example("breast_cancer", 11, rows=32)),
    "fair": Table("real", lambda: public("fair")),
    "anes96": Table("real", lambda: public("anes96")),
    "macrodata": Table("real", lambda: public("macrodata")),
    "randhie": Table("real", lambda: public("randhie")),
    "star98": Table("real", lambda: public("star98", 13)),
    "modechoice": Table("real", lambda: public("modechoice")),
    "statecrime": Table("real", lambda: public("statecrime")),
    "scotland": Table("real", lambda: public("scotland")),
    "er7_n50": Table("simulated", lambda: simulated(7, 50)),
    "er10_n100": Table("simulated", lambda: simulated(10, 100)),
    "er12_n30": Table("simulated", lambda: simulated(12, 30)),
    "er12_n300": Table("simulated", lambda: simulated(12, 300, edges_per_node=2)),
    "sf13_n1000": Table("simulated", lambda: simulated(13, 1000, edges_per_node=2, graph="sf")),
    "er14_n1000": Table("simulated", lambda: simulated(14, 1000, edges_per_node=2, noise_variance=1.0)),
    "er14_n10000": Table("simulated", lambda: simulated(14, 10_000, edges_per_node=2, noise_variance=1.0)),
    "er10_n10000": Table("simulated", lambda: simulated(10, 10_000, edges_per_node=1, noise_variance=1.0)),
    "factor12_n500": Table("simulated", lambda: factors(12, 500)),
    "factor10_n200": Table("simulated", lambda: factors(10, 200, hidden=3, noise=1.0)),
    "deterministic8": Table(
        "deterministic", lambda: simulated(8, 200, noise_variance=1e-4, edges_per_node=2)
    ),
    "deterministic11": Table("deterministic", lambda: simulated(11, 500, noise_variance=1e-3)),
    "copies8": Table("copies", lambda: copies(8, 300, 0.05)),
    "copies10": Table("copies", lambda: copies(10, 1000, 0.01)),
    "modes_symmetric": Table("modes", lambda: modes(1000, noise=0.3, symmetric=True)),
    "modes_symmetric_weak": Table("modes", lambda: modes(300, noise=0.6, symmetric=True, more=1)),
    "modes_strong": Table("modes", lambda: modes(1000, noise=0.3, seed=1)),
    "modes_asymmetric": Table("modes", lambda: modes(500, noise=0.5, seed=5)),
    "modes_more": Table("modes", lambda: modes(400, noise=0.4, seed=3, more=3)),
    "constraints10": Table(
        "constraints",
        lambda: simulated(10, 100, seed=1),
        {"forbidden": [("x0", "x1"), ("x2", "x3")], "max_parents": 3},
    ),
    "tiers12": Table(
        "constraints", lambda: factors(12, 300, hidden=3, seed=1), {"tiers": "x0,x1,x2,x3 < x4,x5,x6,x7"}
    ),
    "prior_fair": Table("priors", lambda: example("wine", 12), {"prior": "fair"}),
    "prior_erdos_renyi": Table("priors", lambda: simulated(11, 60, seed=2), {"prior": "erdos_renyi"}),
    "sachs": Table("discrete", lambda: network("sachs", 500)),
    "asia": Table("discrete", lambda: network("asia", 2000)),
    "child": Table("discrete", lambda: network("child", 300, columns=11)),
    "survey": Table("discrete", lambda: network("survey", 100)),
}
