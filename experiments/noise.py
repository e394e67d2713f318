"""How often noise is linked: the share of pairs of unrelated columns with P(linked) > 1/2, and who is warned.

Tables of independent columns under the uniform prior, exact posteriors, every score: continuous columns are normal,
discrete ones uniform over their states. ``linear_gaussian`` is given columns of its own noise variance, 0.1, and of ten
times that. Discrete scores are tried without families of more table cells than rows (`sparse_families` drop, the
default) and with them (keep). Then samples of published networks: by how much leaving these families out changes the
log loss of the links, in nats for each pair of columns.

    python experiments/noise.py --jobs 2
"""

import argparse
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from options import add_run_options
from runs import Parameters, Record, carry_out
from summaries import write_csv, write_page

import dag_gfn
from dag_gfn.data import Dataset, from_array, from_frame, load_example
from dag_gfn.graphs.graph import topological_order

OUT = Path("experiments/results/noise")
MAX_SHARE = 0.01
"""Share of noise pairs that may be linked where there are five rows or more for each column."""
NETWORKS = ("child", "sachs", "asia", "survey", "cancer")
MAX_NETWORK = 12
"""Columns of a larger network that are taken: those that come first in a topological order, whose parents are there."""

DISCRETE = [
    *((d, levels, rows * d) for d in (6, 12) for levels in (2, 3, 8) for rows in (5, 20, 100)),
    *((6, 8, 500), (10, 4, 200), (10, 3, 100)),
]
CONTINUOUS = [(d, 0, rows * d) for d in (6, 12) for rows in (1, 2, 3, 5, 20, 100, 1000)]


def run(what: str, **parameters: Any) -> dict[str, Any]:
    """Return what is recorded of one setting."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)
        return _network(**parameters) if what == "network" else _noise(what, **parameters)


def _noise(
    what: str, score: str, d: int, levels: int, n: int, sparse_families: str, tables: int
) -> dict[str, Any]:
    """Fit tables of unrelated columns and return the share that is linked, and of whom that is said."""
    linked, warned, said = [], [], []
    for seed in range(tables):
        rng = np.random.default_rng(seed)
        data = _unrelated(what, d, levels, n, rng)
        posterior = dag_gfn.fit(
            data,
            method="exact",
            score=score,
            sparse_families=sparse_families,
            num_samples=500,
            progress=False,
        )
        links = posterior.marginal("linked").values[np.triu_indices(d, 1)]
        doubts = {doubt["code"] for doubt in posterior.info["doubts"]} - {"unlike_the_model"}
        linked.append(links)
        warned.append(bool(doubts))
        if (links > 0.5).any():
            said.append(bool(doubts))
    every = np.array(linked)
    return {
        "share": (every > 0.5).mean(),
        "largest": every.max(),
        "warned": np.mean(warned),
        "linked_tables": len(said),
        "linked_and_warned": sum(said),
    }


def _unrelated(what: str, d: int, levels: int, n: int, rng: np.random.Generator) -> Dataset:
    if what == "uniform states":
        codes = rng.integers(0, levels, size=(n, d)).astype(float)
        codes[:levels] = np.arange(levels)[:, None]  # every state occurs
        return from_array(rng.permuted(codes, axis=0), discrete="all")
    return from_array(rng.normal(size=(n, d)) * (np.sqrt(0.1) if "0.1" in what else 1.0))


def _network(network: str, score: str, n: int, samples: int) -> dict[str, Any]:
    """Return the log loss of the links with and without families of more cells than rows, averaged over samples."""
    losses: dict[str, list[float]] = {"drop": [], "keep": []}
    warned: dict[str, list[bool]] = {"drop": [], "keep": []}
    for seed in range(samples):
        data, linked = _sample(network, n, seed)
        upper = np.triu_indices(data.d, 1)
        for choice, found in losses.items():
            posterior = dag_gfn.fit(
                data, method="exact", score=score, sparse_families=choice, num_samples=2000, progress=False
            )
            probability = posterior.marginal("linked").values[upper].clip(1e-12, 1 - 1e-12)
            found.append(-np.log(np.where(linked[upper], probability, 1.0 - probability)).mean())
            warned[choice].append("sparse_families" in {doubt["code"] for doubt in posterior.info["doubts"]})
    difference = np.subtract(losses["drop"], losses["keep"])
    return {
        "drop": np.mean(losses["drop"]),
        "keep": np.mean(losses["keep"]),
        "largest_difference": difference[np.abs(difference).argmax()],
        "drop_warned": np.mean(warned["drop"]),
        "keep_warned": np.mean(warned["keep"]),
    }


def _sample(network: str, n: int, seed: int) -> tuple[Dataset, np.ndarray]:
    """Return n rows of a network's first columns, those with one value left out, and which of them are linked."""
    whole = _large_sample(network)
    first = topological_order(whole.true_graph)[:MAX_NETWORK]
    frame = whole.to_frame().iloc[seed * 1000 : seed * 1000 + n]
    kept = [j for j in first if frame.iloc[:, j].nunique() > 1]
    truth = whole.true_graph[np.ix_(kept, kept)]
    return from_frame(frame.iloc[:, kept].astype(str), discrete="all"), truth | truth.T


@lru_cache
def _large_sample(network: str) -> Dataset:
    return load_example(network, num_samples=10_000)


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all settings."""
    settings = [
        *(
            ("uniform states", score, *case, choice)
            for case in DISCRETE
            for score, choice in (("bdeu", "keep"), ("bdeu", "drop"), ("bde", "drop"), ("bic", "drop"))
            if not (score == "bde" and case[0] == 12)  # the same score by another name
        ),
        *(("normal", score, *case, "drop") for case in CONTINUOUS for score in ("bge", "bic")),
        *(
            (f"normal, variance {variance}", "linear_gaussian", *case, "drop")
            for case in CONTINUOUS
            for variance in ("0.1", "1")
        ),
    ]
    names = ("what", "score", "d", "levels", "n", "sparse_families")
    planned: list[Parameters] = [
        {**dict(zip(names, setting, strict=True)), "tables": options.tables}
        for setting in settings
        if not (setting[1] == "bic" and setting[4] <= setting[2])  # refused: the likelihood has no bound
    ]
    planned += [
        {"what": "network", "network": network, "score": score, "n": n, "samples": options.samples}
        for network in NETWORKS
        for score in ("bdeu", "bic")
        for n in (100, 300, 1000)
    ]
    return [planned[0], planned[-1], planned[70], planned[100]] if options.smoke else planned


def noise_table(records: list[Record]) -> pd.DataFrame:
    """Return a row for each setting: how much noise is linked, and whether that is as it should be."""
    rows = []
    for record in records:
        if "error" in record or record["parameters"]["what"] == "network":
            continue
        setting, result = record["parameters"], record["result"]
        silent = result["linked_tables"] - result["linked_and_warned"]
        rows.append({**setting, **result, "good": result["share"] <= MAX_SHARE or silent == 0})
    return pd.DataFrame(rows)


def network_table(records: list[Record]) -> pd.DataFrame:
    """Return a row for each network, score and number of rows."""
    return pd.DataFrame(
        [
            {**record["parameters"], **record["result"]}
            for record in records
            if "error" not in record and record["parameters"]["what"] == "network"
        ]
    )


def _shown_noise(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "what": table["what"],
            "score": table["score"],
            "sparse families": np.where(table["levels"] > 0, table["sparse_families"], "-"),
            "d": table["d"],
            "levels": np.where(table["levels"] > 0, table["levels"].astype(str), "-"),
            "n": table["n"],
            "tables": table["tables"],
            "share above .5": table["share"].map("{:.3f}".format),
            "largest": table["largest"].map("{:.3f}".format),
            "warned": table["warned"].map("{:.2f}".format),
            "linked and warned": [
                f"{row.linked_and_warned} of {row.linked_tables}" for row in table.itertuples()
            ],
            "share at most .01, or all warned": np.where(table["good"], "yes", "**no**"),
        }
    )


def _shown_networks(table: pd.DataFrame) -> pd.DataFrame:
    shown = table[["network", "score", "n", "samples"]].copy()
    for name in ("drop", "keep"):
        shown[f"log loss, {name}"] = table[name].map("{:.4f}".format)
    shown["difference"] = (table["drop"] - table["keep"]).map("{:+.4f}".format)
    shown["largest difference"] = table["largest_difference"].map("{:+.4f}".format)
    for name in ("drop", "keep"):
        shown[f"warned, {name}"] = table[f"{name}_warned"].map("{:.2f}".format)
    return shown


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables of the runs that there are."""
    noise, networks = noise_table(records), network_table(records)
    sections = []
    if len(noise):
        write_csv(noise, out / "noise.csv")
        sections.append(("Pairs of unrelated columns with P(linked) > 0.5", _shown_noise(noise)))
    if len(networks):
        write_csv(networks, out / "networks.csv")
        sections.append(("Log loss of links on samples of networks", _shown_networks(networks)))
    write_page(out / "tables.md", "Noise that is linked", sections, records, [])


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=20, help="tables of noise for each setting")
    parser.add_argument("--samples", type=int, default=5, help="samples of each network, at most 10")
    add_run_options(parser, OUT)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.tables, options.samples = 1, 1
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
