"""Whether the additive score is as often right about directions as it is certain: pairs whose cause is known.

The cause-effect pairs of Mooij et al. (JMLR 17, 2016): tables of two columns of which it is known which one causes the
other, such as altitude and temperature. Pairs with more than two columns, and those of weight 0, are left out. Pairs of
the same source share a weight of 1. P(direction | linked) of the exact posterior of two columns is compared with the
truth, weighted: accuracy, log loss, and a calibration curve, as a table and a figure.

The default of ``curve_weight`` was chosen on these pairs: one number, from a grid of five. So the curve of the default
is not out of sample; `--leave-out` chooses it anew for each source on all others, and prints that log loss too.

    python experiments/cause_effect_pairs.py FOLDER

The folder has pairmeta.txt and pair0001.txt to pair0108.txt, as in the collection cmu-phil/example-causal-datasets
(CC0), or as the authors have them.
"""

import argparse
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import dag_gfn

OUT = Path("experiments/results/cause_effect_pairs")
WEIGHTS = (1.0, 0.3, 0.1, 0.05, 0.03)
BINS = (0.5, 0.6, 0.75, 0.9, 1.0)


class Pair(NamedTuple):
    """A table of cause and effect, in this order, and what it counts for."""

    number: int
    values: np.ndarray
    weight: float


def read_pairs(folder: Path) -> list[Pair]:
    """Return the pairs of two columns."""
    pairs = []
    for line in (folder / "pairmeta.txt").read_text().splitlines():
        words = line.split()
        if len(words) != 6:
            continue
        number, first_cause, last_cause, first_effect, last_effect = map(int, words[:5])
        if float(words[5]) == 0.0 or first_cause != last_cause or first_effect != last_effect:
            continue
        text = (folder / f"pair{number:04d}.txt").read_text().replace(",", " ").splitlines()
        rows = [[_number(word) for word in row.split()] for row in text]
        table = np.array([row for row in rows if len(row) > 1 and not np.isnan(row[:2]).any()], dtype=object)
        values = np.array([[row[first_cause - 1], row[first_effect - 1]] for row in table.tolist()])
        pairs.append(Pair(number, values, float(words[5])))
    if not pairs:
        raise SystemExit(
            f"expected lines of six words in '{folder / 'pairmeta.txt'}', found none with two columns"
        )
    return pairs


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:  # a heading, or * for a missing cell
        return float("nan")


def log_odds(pair: Pair, **options: Any) -> float:
    """Return log P(cause -> effect) - log P(effect -> cause) of the exact posterior."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)
        posterior = dag_gfn.fit(
            pair.values, score="additive", method="exact", num_samples=1, progress=False, **options
        )
    edge = posterior.edge_marginals().to_numpy()
    return float(np.log(max(edge[0, 1], 1e-300)) - np.log(max(edge[1, 0], 1e-300)))


def log_loss(odds: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted mean of -log P(true direction), in nats; 0.693 is a coin."""
    return float(weights @ np.logaddexp(0.0, -odds) / weights.sum())


def leave_out(odds: dict[float, np.ndarray], weights: np.ndarray) -> float:
    """Return the log loss where the weight of curves is chosen on all pairs but each one's own source.

    The weights of the pairs of a source sum to one, and they stand side by side.
    """
    source = np.floor(np.concatenate([[0.0], np.cumsum(weights)[:-1]]) + 1e-3).astype(int)
    chosen = np.zeros(len(weights))
    for each in np.unique(source):
        others = source != each
        if not others.any():
            return float("nan")  # nothing to choose on
        best = min(odds, key=lambda w: log_loss(odds[w][others], weights[others]))
        chosen[~others] = odds[best][~others]
    return log_loss(chosen, weights)


def calibration(odds: np.ndarray, weights: np.ndarray) -> pd.DataFrame:
    """Return for each range of certainty how many pairs it has, and the share that is right with its error."""
    certain = 1.0 / (1.0 + np.exp(-np.abs(odds)))
    right = (odds > 0).astype(float) + 0.5 * (odds == 0)
    rows = []
    for low, high in pairwise(BINS):
        here = (certain >= low) & ((certain < high) | (high == 1.0))
        if here.any():
            share = weights[here] / weights[here].sum()
            mean = float(share @ right[here])
            rows.append(
                {
                    "certainty": f"{low:g} to {high:g}",
                    "pairs": int(here.sum()),
                    "weight": weights[here].sum(),
                    "mean certainty": float(share @ certain[here]),
                    "right": mean,
                    "standard error": float(np.sqrt(max(mean * (1 - mean), 0.05) * (share**2).sum())),
                }
            )
    return pd.DataFrame(rows)


def draw(tables: dict[str, pd.DataFrame], file: Path) -> None:
    """Draw the share that is right over the mean certainty."""
    figure, axes = plt.subplots(figsize=(5.0, 4.2), layout="constrained")
    axes.plot([0.5, 1.0], [0.5, 1.0], color="0.6", linewidth=1.0, label="as certain as right")
    for (title, table), colour in zip(tables.items(), ("#1f6f8b", "#d1495b"), strict=True):
        axes.errorbar(
            table["mean certainty"],
            table["right"],
            table["standard error"],
            marker="o",
            capsize=3,
            color=colour,
            label=title,
        )
    axes.set(
        xlabel="certainty of the likelier direction",
        ylabel="share of pairs in which it is right",
        xlim=(0.49, 1.01),
        ylim=(0.0, 1.05),
        title="Directions of real pairs of cause and effect",
    )
    axes.legend(frameon=False, loc="lower right", fontsize="small")
    figure.savefig(file, dpi=130)


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, and write them and the figure to the folder of results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="with pairmeta.txt and the files of the pairs")
    parser.add_argument(
        "--leave-out", action="store_true", help="choose the weight without each source in turn"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    pairs = read_pairs(options.folder)
    weights = np.array([pair.weight for pair in pairs])
    print(f"{len(pairs)} pairs, total weight {weights.sum():.1f}")
    lines, odds = [], {}
    for margins in ("normal_scores", "as_is"):
        for weight in WEIGHTS:
            found = np.array([log_odds(pair, margins=margins, curve_weight=weight) for pair in pairs])
            odds[margins, weight] = found
            certain = 1.0 / (1.0 + np.exp(-np.abs(found)))
            lines.append(
                {
                    "margins": margins,
                    "curve_weight": weight,
                    "accuracy": float(weights @ ((found > 0) + 0.5 * (found == 0)) / weights.sum()),
                    "mean certainty": float(weights @ certain / weights.sum()),
                    "log loss": log_loss(found, weights),
                    "median log odds": float(np.median(np.abs(found))),
                }
            )
    overview = pd.DataFrame(lines)
    default = dag_gfn.scores.Additive(dag_gfn.from_array(np.eye(3)[:, :2] + 0.1)).curve_weight
    tables = {
        f"default (curve_weight {default:g})": calibration(odds["normal_scores", default], weights),
        "the model at its word (curve_weight 1)": calibration(odds["normal_scores", 1.0], weights),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    overview.to_csv(options.out / "overview.csv", index=False)
    print(overview.round(3).to_string(index=False))
    for title, table in tables.items():
        print(f"\n{title}\n{table.round(3).to_string(index=False)}")
    pd.concat([table.assign(score=title) for title, table in tables.items()]).to_csv(
        options.out / "calibration.csv", index=False
    )
    pd.DataFrame(
        {
            "pair": [pair.number for pair in pairs],
            "rows": [len(pair.values) for pair in pairs],
            "weight": weights,
            "log_odds": odds["normal_scores", default],
        }
    ).to_csv(options.out / "pairs.csv", index=False)
    draw(tables, options.out / "calibration.png")
    if options.leave_out:
        ranked = {weight: odds["normal_scores", weight] for weight in WEIGHTS}
        print(f"\nlog loss with curve_weight chosen on all other sources: {leave_out(ranked, weights):.3f}")


if __name__ == "__main__":
    main()
