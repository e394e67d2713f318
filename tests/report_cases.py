"""Posteriors for figures and reports, quickly made."""

from dataclasses import replace

import numpy as np
import pandas as pd
from effect_cases import exact, mixed

import dag_gfn
from dag_gfn.data import from_frame, simulate, sufficient_statistics
from dag_gfn.data.random_dag import erdos_renyi_dag
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import make_score

NASTY_NAMES = (
    "<script>alert(1)</script>",
    "größe → 日本 $x_1$",
    "with spaces & \"quotes\" 'too'",
    "</script><b>bold",
    "n" * 60,
)


def random_posterior(names, *, seed=0, num_graphs=200, info=None):
    """Random DAGs around one, with the statistics of linear-Gaussian data, so that effects are there."""
    d, rng = len(names), np.random.default_rng(seed)
    data = simulate(d, 100, rng=rng)
    kept = data.true_graph & (rng.random((num_graphs, d, d)) < 0.8)
    others = np.stack([erdos_renyi_dag(d, rng=rng, edges_per_node=1.0) for _ in range(num_graphs // 2)])
    score = make_score(None, data)
    about = {"kind": data.kind, "score": score.name, "score_options": score.hyperparameters, "n": 100}
    return GraphPosterior.from_samples(
        names,
        np.concatenate([kept, others]),
        info={**about, **(info or {})},
        statistics=sufficient_statistics(data),
    )


def two_graphs(names=("a", "b", "c")):
    """a → b and b → a with ¼ and ¾, beside a certain b → c; no statistics."""
    graphs = np.zeros((2, 3, 3), dtype=bool)
    graphs[0, 0, 1] = graphs[1, 1, 0] = True
    graphs[:, 1, 2] = True
    return GraphPosterior.from_weights(names, graphs, np.log([0.25, 0.75]))


def exact_chain(names=("a", "b", "c", "d"), rows=60, seed=0):
    """The exact posterior of a linear-Gaussian chain."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(names)))
    for j in range(1, len(names)):
        values[:, j] += 1.5 * values[:, j - 1]
    return dag_gfn.fit(pd.DataFrame(values, columns=list(names)), method="exact", progress=False)


def discrete_pair(rows=80, seed=0):
    """The exact posterior of three discrete columns, the second of which follows the first."""
    rng = np.random.default_rng(seed)
    first = rng.choice(["low", "<high>"], rows)
    second = np.where(rng.random(rows) < 0.9, first, "low")
    frame = pd.DataFrame({"dose": first, "answer": second, "coin": rng.choice(["yes", "no"], rows)})
    return dag_gfn.fit(from_frame(frame), method="exact", progress=False)


def mixed_table(rows=200, seed=0, names=("drug", "pain", "<b>well")):
    """The exact posterior of a category, a number and a category, with a record of roles and missing cells."""
    rng = np.random.default_rng(seed)
    drug = rng.choice(["no", "<i>yes", "more"], rows)
    pain = 5.0 - 2.0 * (drug != "no") + rng.normal(size=rows)
    well = np.where(pain + rng.normal(size=rows) < 4.0, "yes", "no")
    posterior = exact(mixed(dict(zip(names, (drug, pain, well), strict=True))).standardize())
    info = {
        "n": rows,
        "method": "exact",
        "roles": [
            {"name": names[0], "role": "category", "levels": 3},
            {"name": "<id>", "role": "left out", "reason": "numbers <the> rows", "surprise": 2},
        ],
        "missing": {
            "cells": 12,
            "rows": 10,
            "all_rows": rows,
            "columns": {names[1]: 12},
            "patterns": [{"columns": [names[1]], "rows": 8}, {"columns": list(names[:2]), "rows": 2}],
            "num_patterns": 2,
            "tables": 20,
            "effective_tables": 18.0,
            "edges": {"standard_deviation": np.full((3, 3), 0.1).tolist()},
        },
    }
    return replace(posterior, info={**posterior.info, **info})
