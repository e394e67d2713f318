"""Whether a claim of convergence can be relied on: verdicts of many fits held against exact posteriors.

Each fit runs without the exact check, one after the other, within a time budget or a number of iterations, and says
what it knows: edges, paths and evidence, each with its standard error and with a verdict of its own. All of it is then
compared with the exact posterior of the same table. The tables are real, simulated, nearly deterministic, with
near-copies, with two modes far from each other, under constraints and other priors, and discrete, of 30 to 20,000 rows
(`trust_tables.py`). The whole campaign takes half an hour on a machine that does nothing else; what was interrupted
goes on where it was.

    python experiments/trust.py
    python experiments/trust.py --tables modes_symmetric,fair --fits layers,mcmc --budgets 5,20
    python experiments/trust.py --table-only

On a machine that does other work, too, `--busy` counts the processor time of this process in place of seconds.
"""

import argparse
import os
import sys
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any

if "--busy" in sys.argv:
    time.perf_counter = time.process_time  # before it is taken as the clock of budgets

import numpy as np
import pandas as pd
import torch
from accuracy_run import load
from options import add_run_options, budgets, names, require_known, seeds
from runs import Parameters, Record, carry_out, console, failures
from summaries import made_from, markdown, print_table
from trust_tables import TABLES

import dag_gfn

OUT = Path("experiments/results/trust")
FITS: dict[str, dict[str, Any]] = {
    "layers": {"method": "gflownet"},
    "edges": {"method": "gflownet", "environment": "edges"},
    "mcmc": {"method": "mcmc"},
}
CLAIMS = ("edges", "paths", "evidence", "graphs")
DIAGNOSTICS = (
    *("iterations", "ess", "pareto_k", "estimate", "reliable_weights", "effective_samples"),
    *("log_z", "log_z_standard_error", "log_z_lower", "log_z_upper", "log_z_with_chains"),
    *(
        "log_z_with_chains_standard_error",
        "agrees_with_chains",
        "share_of_chains",
        "pooled_effective_samples",
    ),
    *("max_r_hat", "min_effective_draws", "chains_agree", "missing_mass"),
)
RIGHT = 0.05
"""The largest error of an edge probability with which a fit is right; of a path, the same."""
LEAST_ERROR = 0.0005
"""Standard errors count as at least this: what three digits do not show is no error."""
RIGHT_EVIDENCE, RIGHT_GRAPH = 0.5, 0.3
"""Nats by which the evidence may be off: by the second a graph's probability is off by a third of itself."""
FEW_STEPS = {"layers": 60, "edges": 60, "mcmc": 40_000}

EVERYWHERE = (("layers", 5), ("layers", 12), ("mcmc", 4), ("mcmc", 10))
LONGER = ("wine", "fair", "er14_n1000", "factor12_n500", "modes_symmetric", "modes_asymmetric", "modes_more")
LONGEST = ("er14_n1000", "factor12_n500")
EDGE_BY_EDGE = ("er7_n50", "statecrime", "scotland", "survey", "modechoice", "modes_symmetric")
LIMITED = tuple(name for name, table in TABLES.items() if table.kind == "modes")
"""Tables that are also fitted without a budget, for a few steps: there training is soon done and modes are missed."""


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all fits: those that are asked for, or the whole campaign."""
    if options.budgets is not None:
        asked = [
            (name, fit, seconds)
            for name in options.tables
            for fit in options.fits
            for seconds in options.budgets
        ]
    else:
        asked = [(name, fit, float(seconds)) for name in TABLES for fit, seconds in EVERYWHERE]
        asked += [(name, "layers", 30.0) for name in LONGER] + [(name, "mcmc", 20.0) for name in LONGER[4:]]
        asked += [(name, "layers", 60.0) for name in LONGEST]
        asked += [(name, "edges", 10.0) for name in EDGE_BY_EDGE]
        asked += [(name, "layers", 0.0) for name in LIMITED]
        asked = [each for each in asked if each[0] in options.tables and each[1] in options.fits]
    return [
        {"table": name, "fit": fit, "seconds": seconds, "seed": seed}
        for name, fit, seconds in asked
        for seed in options.seeds
    ]


def run(table: str, fit: str, seconds: float, seed: int) -> dict[str, Any]:
    """Fit once and return what it claims and what is true; without seconds, for a few steps of training."""
    torch.set_num_threads(1)
    case, exact = TABLES[table], truth(table)
    data = data_of(table)
    options = {**case.options, **FITS[fit], "seed": seed, "exact_check": False, "progress": False}
    options |= {"time_budget": seconds} if seconds else {"iterations": FEW_STEPS[fit]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a fit says of itself is recorded
        prepare(fit, case.kind == "discrete")
        began = time.perf_counter()
        posterior = dag_gfn.fit(data, **options)
        wall = time.perf_counter() - began
        held = against(posterior, exact)
    if posterior.info["interrupted"]:
        raise KeyboardInterrupt
    found = posterior.info["diagnostics"]
    phases = sorted(posterior.info["timing"]["phases"].items(), key=lambda item: -item[1])
    return {
        "kind": case.kind,
        "columns": data.d,
        "rows": data.n,
        **{f"{name}_claim": found["claims"][name]["converged"] for name in CLAIMS},
        **held,
        "wall": wall,
        "over_budget": wall / seconds if seconds else None,
        **{name: found[name] for name in DIAGNOSTICS if name in found},
        "log_z_gap": _difference(found.get("log_z_upper"), found.get("log_z")),
        "warnings": " | ".join(posterior.info["warnings"]),
        "notes": " | ".join(posterior.info["notes"]),
        "phases": ", ".join(f"{name} {taken:.2f}" for name, taken in phases if taken >= 0.02),
        "load": os.getloadavg()[0],
    }


@cache
def data_of(table: str) -> dag_gfn.Dataset:
    """Return the data of a table."""
    return TABLES[table].make()


@cache
def truth(table: str) -> dag_gfn.GraphPosterior:
    """Return the exact posterior of a table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dag_gfn.fit(
            data_of(table), **TABLES[table].options, method="exact", num_samples=10, progress=False
        )


@cache
def prepare(fit: str, discrete: bool) -> None:
    """Fit a few columns, so that no fit's time has compilation and loading in it."""
    small = dag_gfn.load_example("survey", num_samples=50) if discrete else load("d5", 0)[0]
    few = {"iterations": 5_000} if fit == "mcmc" else {"iterations": 5}
    for within in (few, {"time_budget": 2.0}):
        dag_gfn.fit(small, **FITS[fit], **within, num_samples=2_000, exact_check=False, progress=False)


def against(posterior: dag_gfn.GraphPosterior, exact: dag_gfn.GraphPosterior) -> dict[str, Any]:
    """Return the errors of a posterior, as they are and by its standard errors."""
    found: dict[str, Any] = {}
    apart = ~np.eye(len(posterior.names), dtype=bool)
    for feature in ("edge", "path"):
        estimate = posterior.marginal(feature)
        error = (estimate.values - exact.marginal(feature).values)[apart]
        stated = np.nan_to_num(estimate.errors()[apart], nan=0.0)
        z = error / np.maximum(stated, LEAST_ERROR)
        worst = int(np.abs(error).argmax())
        found |= {
            f"{feature}_error": float(np.abs(error[worst])),
            f"{feature}_stated": float(stated[worst]),
            f"{feature}_largest_stated": float(stated.max()),
            f"{feature}_z_squares": float((z**2).sum()),
            f"{feature}_z_count": int(np.count_nonzero(np.maximum(stated, np.abs(error)) > LEAST_ERROR)),
            f"{feature}_beyond_3": int((np.abs(z) > 3).sum()),
            f"{feature}_count": len(z),
        }
    gap = _difference(posterior.log_evidence, exact.log_evidence)
    error = posterior.info.get("log_evidence_standard_error")
    return {
        **found,
        "evidence_gap": gap,
        "evidence_stated": error,
        "evidence_z": None if gap is None or error is None else gap / max(error, LEAST_ERROR),
        "mass_missed": None if gap is None else -np.expm1(min(gap, 0.0)),
    }


def _difference(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else float(value - other)


# --- the summary ---


def frame_of(records: list[Record]) -> pd.DataFrame:
    """Return a row for each fit that was done."""
    return pd.DataFrame(
        [{**record["parameters"], **record["result"]} for record in records if "error" not in record]
    )


def verdicts(fits: pd.DataFrame) -> pd.DataFrame:
    """Return how often each claim was made, and how often it was right."""
    gap = fits["evidence_gap"].astype(float).abs()
    right = {
        "edges": fits["edge_error"] <= RIGHT,
        "paths": fits["path_error"] <= RIGHT,
        "evidence": gap <= RIGHT_EVIDENCE,
        "graphs": gap <= RIGHT_GRAPH,
    }
    rows = []
    for title, is_right in right.items():
        claim = f"{title}_claim"
        claimed, refused = fits[claim].eq(True), fits[claim].eq(False)
        rows.append(
            {
                "claim": title,
                "converged": f"{claimed.sum()}",
                "of these right": share(is_right[claimed]),
                "not converged": f"{refused.sum()}",
                "needless alarms, of fits that are right": share(refused[is_right]),
                "not known, of fits that are right": share(fits[claim].isna()[is_right]),
            }
        )
    return pd.DataFrame(rows)


def calibration(fits: pd.DataFrame) -> pd.DataFrame:
    """Return how stated errors compare with true ones, where edges are claimed and elsewhere."""
    rows = []
    claimed = fits["edges_claim"].eq(True)
    for title, part in (("edges claimed", fits[claimed]), ("not claimed", fits[~claimed])):
        for feature in ("edge", "path"):
            beyond, counted = part[f"{feature}_beyond_3"], part[f"{feature}_count"]
            squares, count = part[f"{feature}_z_squares"], part[f"{feature}_z_count"]
            rows.append(
                {
                    "fits": f"{title}, {len(part)}",
                    "of": f"{feature}s",
                    "sd of z": f"{np.sqrt(squares.sum() / max(count.sum(), 1)):.2f}",
                    "median over fits": f"{np.sqrt(squares / count.clip(lower=1)).median():.2f}",
                    "beyond 3 errors": f"{beyond.sum() / max(counted.sum(), 1):.1%}",
                    "fits with 97 % within 3": share(beyond <= 0.03 * counted),
                    "largest error": f"{part[f'{feature}_error'].max():.3f}",
                }
            )
        z = part["evidence_z"].astype(float).dropna()
        rows.append(
            {
                "fits": f"{title}, {len(part)}",
                "of": f"evidence, {len(z)} stated",
                "sd of z": f"{np.sqrt((z**2).mean()):.2f}",
                "median over fits": f"{z.abs().median():.2f}",
                "beyond 3 errors": share(z.abs() > 3),
                "fits with 97 % within 3": "-",
                "largest error": f"{part['evidence_gap'].astype(float).abs().max():.2f}",
            }
        )
    return pd.DataFrame(rows)


def of_time(fits: pd.DataFrame) -> pd.DataFrame:
    """Return the time that fits took, over their budgets."""
    rows = []
    for (fit, seconds), part in fits[fits["seconds"] > 0].groupby(["fit", "seconds"]):
        over = part["over_budget"].astype(float)
        rows.append(
            {
                "fit": fit,
                "budget": f"{seconds:g} s",
                "fits": str(len(part)),
                "median": f"{over.median():.2f}",
                "90 %": f"{over.quantile(0.9):.2f}",
                "most": f"{over.max():.2f} ({part.loc[over.idxmax(), 'table']})",
                "within budget + 10 %": share(over <= 1.1),
            }
        )
    return pd.DataFrame(rows)


def exceptions(fits: pd.DataFrame) -> pd.DataFrame:
    """Return the fits whose verdict on the edges is false, or an alarm that was not needed."""
    wrong = fits["edges_claim"].eq(True) & (fits["edge_error"] > RIGHT)
    wrong |= fits["edges_claim"].eq(True) & (fits["edge_beyond_3"] > 0.03 * fits["edge_count"])
    needless = fits["edges_claim"].eq(False) & (fits["edge_error"] <= RIGHT)
    rows = fits[wrong | needless]
    estimates = rows["estimate"] if "estimate" in rows else pd.Series(None, rows.index, dtype=object)
    return pd.DataFrame(
        {
            "table": rows["table"],
            "fit": rows["fit"],
            "s": rows["seconds"].map("{:g}".format),
            "claim": rows["edges_claim"].map({True: "converged", False: "not"}),
            "edge error": rows["edge_error"].map("{:.3f}".format),
            "stated": rows["edge_stated"].map("{:.2g}".format),
            "beyond 3": rows["edge_beyond_3"].astype(str),
            "evidence": written(rows["evidence_gap"], "+.2f"),
            "±": written(rows["evidence_stated"], ".2g"),
            "R-hat": written(rows["max_r_hat"], ".3f"),
            "draws": written(rows["min_effective_draws"], ".0f"),
            "upper - own": written(rows["log_z_gap"], ".1f"),
            "estimate": estimates.fillna("-"),
        }
    )


def written(figures: pd.Series, form: str) -> pd.Series:
    """Return figures as text, and a sign where they are missing."""
    return figures.map(lambda value: "-" if pd.isna(value) else format(value, form))


def share(of: pd.Series) -> str:
    """Return how many are true, and in per cent."""
    return f"{of.sum()} of {len(of)}" + (f" ({of.mean():.1%})" if len(of) else "")


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables of the fits that there are."""
    fits = frame_of(records)
    if not len(fits):
        console.print("no fit has been done yet")
        return
    fits.to_csv(out / "fits.csv", index=False, float_format="%.5g")
    sections = [
        (f"Verdicts of {len(fits)} fits, against the truth", verdicts(fits)),
        ("Errors over stated errors (z)", calibration(fits)),
        ("Time over budget", of_time(fits)),
        ("Claims that are false or whose errors are too small, and needless alarms", exceptions(fits)),
    ]
    parts = [
        "# Whether a claim of convergence can be relied on",
        "",
        made_from(records).split(" Means")[0],
        "",
    ]
    for title, table in sections:
        print_table(title, table)
        parts.append(markdown(title, table))
    failed = failures(records)
    if failed:
        parts += ["## Failed fits", "", *(f"- {line}" for line in failed), ""]
        console.print("failed fits:", *failed, sep="\n", markup=False)
    (out / "tables.md").write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    console.print(f"written: {out / 'tables.md'}, {out / 'fits.csv'}", markup=False)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=names, default=list(TABLES), help=f"of {', '.join(TABLES)}")
    parser.add_argument("--fits", type=names, default=list(FITS), help=f"of {', '.join(FITS)}")
    parser.add_argument(
        "--budgets",
        type=budgets,
        help="such as 5,20: each table by each kind of fit with each of these seconds, 0 for a few steps; "
        "by default those of the campaign",
    )
    parser.add_argument("--seeds", type=seeds, default=[0], help="of fits: 0,1,2 or how many")
    parser.add_argument("--core", type=int, help="the core that all is done on; by default the last")
    parser.add_argument("--busy", action="store_true", help="count processor time in place of seconds")
    add_run_options(parser, OUT)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.tables, options.budgets = ["survey"], [0.5]
    require_known(parser, "--tables", options.tables, list(TABLES))
    require_known(parser, "--fits", options.fits, list(FITS))
    return options


def on_core(core: int | None) -> None:
    """Keep this process and its threads to one core, where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.jobs == 1:
        on_core(options.core)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
