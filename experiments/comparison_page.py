"""Write the tables of docs/comparison.md and docs/limits.md from the results that are committed.

    python experiments/comparison_page.py

A table stands between two lines, ``<!-- table NAME -->`` and ``<!-- end -->``; what is between them is replaced.
Nothing is computed anew but means, medians and counts.
"""

import re
from pathlib import Path

import pandas as pd
import sachs
from published_tables import few_rows, linear, sachs_observed, waves

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "experiments" / "results"
PAGES = (ROOT / "docs" / "comparison.md", ROOT / "docs" / "limits.md")
_BLOCK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown; what is missing is a dash."""
    rows = [["-" if pd.isna(cell) or cell == "" else str(cell) for cell in row] for row in table.to_numpy()]
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _digits(value: float, digits: int) -> str:
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def linear_table(column: str, digits: int, title: str) -> str:
    """Return a line for each prior and each published method, a column for each number of edges."""
    found = pd.read_csv(RESULTS / "published" / "linear.csv")
    lines = []
    for (generator, prior), part in found.groupby(["generator", "prior"], sort=False):
        name = f"**exact posterior**, BGe, {prior} prior"
        name += "" if generator == linear.GENERATORS[0] else f", {generator} of the generator"
        means, number = part.groupby("edges")[column].mean(), part.groupby("edges")[column].count()
        cells = {edges: _digits(means.get(edges, float("nan")), digits) for edges in (20, 40, 60)}
        counts = sorted({int(number.get(edges, 0)) for edges in (20, 40, 60)})
        lines.append({title: name, **cells, "tables": " to ".join(map(str, counts))})
    methods = dict.fromkeys(name for name, _, what, _ in linear.PUBLISHED if what == column)
    for method in methods:
        cells = {
            edges: _digits(value, digits)
            for name, edges, what, value in linear.PUBLISHED
            if (name, what) == (method, column)
        }
        lines.append(
            {title: method, **{edges: cells.get(edges, "") for edges in (20, 40, 60)}, "tables": "25"}
        )
    return markdown(pd.DataFrame(lines))


def few_rows_table() -> str:
    """Return medians of the exact posterior by noise, scale and prior, and the published ones."""
    found = pd.read_csv(RESULTS / "published" / "few_rows.csv")
    columns = {
        "auroc_with_diagonal": ("AUROC, all entries", 3),
        "auroc": ("off-diagonal", 3),
        "expected_shd": ("E-SHD", 1),
        "expected_shd_twice": ("a reversal twice", 1),
    }
    lines = []
    for (variance, scale, prior), part in found.groupby(["noise_variance", "scale", "prior"]):
        name = f"**exact posterior**, BGe, noise variance {variance:g}, {scale}, {prior} prior"
        figures = {title: _digits(part[key].median(), digits) for key, (title, digits) in columns.items()}
        lines.append({"": name, **figures, "tables": len(part)})
    for method in dict.fromkeys(name for name, _, _ in few_rows.PUBLISHED):
        known = {what: value for name, what, value in few_rows.PUBLISHED if name == method}
        figures = {
            title: _digits(known.get(key, float("nan")), digits) for key, (title, digits) in columns.items()
        }
        lines.append({"": method, **figures, "tables": 25})
    return markdown(pd.DataFrame(lines))


def sachs_observed_table() -> str:
    """Return the exact posterior on the observed proteins, and what is published."""
    found = pd.read_csv(RESULTS / "published" / "sachs_observed.csv")
    columns = {
        "expected_shd": "E-SHD",
        "expected_shd_twice": "a reversal twice",
        "expected_skeleton_shd": "skeleton",
        "expected_cpdag_shd": "CPDAG",
    }
    lines = []
    for _, row in found.iterrows():
        which = "first condition" if row["conditions"] == 1 else "first two"
        lines.append(
            {
                "": f"**exact posterior**, BGe, {which}, {row['scale']}, {row['prior']} prior",
                "true edges": row["true_edges"],
                **{title: _digits(row[key], 1) for key, title in columns.items()},
                "AUROC": _digits(row["auroc"], 3),
                "P(Erk → Akt)": _digits(row["erk_to_akt"], 2),
                "P(Akt → Erk)": _digits(row["akt_to_erk"], 2),
            }
        )
    for method in dict.fromkeys(name for name, _, _ in sachs_observed.PUBLISHED):
        known = {what: value for name, what, value in sachs_observed.PUBLISHED if name == method}
        figures = {title: _digits(known.get(key, float("nan")), 1) for key, title in columns.items()}
        lines.append({"": method, "true edges": 17, **figures})
    return markdown(pd.DataFrame(lines))


def sachs_set_table() -> str:
    """Return the areas on the rows with interventions, ours and published."""
    found = pd.read_csv(RESULTS / "sachs" / "areas.csv")
    part = found[found["rows"] == "5,400 in three levels"]
    lines = [
        {"": f"**exact posterior**, {row['score']}, {row['experiments']}", "AUROC": _digits(row["AUROC"], 3)}
        for _, row in part.iterrows()
    ]
    lines += [
        {"": f"published: {name}", "AUROC": _digits(value, 3)} for name, value in sachs.PUBLISHED.items()
    ]
    return markdown(pd.DataFrame(lines))


def waves_table() -> str:
    """Return the expected SHD on curves and on lines of ten columns, exact and published."""
    found = pd.read_csv(RESULTS / "nonlinear" / "tables.csv")
    lines = []
    for (prior, model), part in found[found["table"].isin(waves.TABLES)].groupby(
        ["prior", "model"], sort=False
    ):
        by_table = part.set_index("table")["E-SHD (mean)"]
        cells = {title: _digits(by_table[table], 2) for table, title in waves.TABLES.items()}
        lines.append(
            {"": f"**exact posterior**, {model}, {prior} prior", **cells, "tables": int(part["tables"].min())}
        )
    for method, figures in waves.PUBLISHED.items():
        cells = {title: figures[table] for table, title in waves.TABLES.items()}
        lines.append({"": method, **cells, "tables": ""})
    return markdown(pd.DataFrame(lines))


def programs_table() -> str:
    """Return a line for each program on each table of `compare.py`."""
    shown = {
        "edge_max_error": "largest error",
        "edge_rmse": "RMS",
        "runs_differ_at_most": "two runs differ by",
        "auroc": "AUROC",
        "expected_shd": "E-SHD",
        "expected_skeleton_shd": "skeleton",
        "expected_cpdag_shd": "CPDAG",
        "held_out_log_density": "held out",
        "seconds": "seconds",
        "peak_megabytes": "MB",
    }
    parts = []
    for path in sorted((RESULTS / "compare").glob("*.csv")):
        found = pd.read_csv(path, dtype=str, keep_default_na=False)
        first = found.iloc[0]
        parts.append(
            f"`{first['table']}`: {first['rows']} rows, {first['columns']} columns, {first['score']}, "
            f"{first['prior']} prior, {first['seconds_allowed']} s a run.\n"
        )
        done = found[found["outcome"] == "compared"]
        columns = [name for name in shown if (done[name] != "").any()]
        table = done[["program", *columns]].rename(columns=shown)
        parts.append(markdown(table))
        for _, row in found.iterrows():
            said = row["note"] if row["outcome"] == "compared" else row["outcome"]
            parts[-1] += f"\n- {row['program']}: {said}" if said else ""
        parts[-1] += "\n"
    return "\n".join(parts)


def two_runs_table() -> str:
    """Return by how much two fits of one wide table differ."""
    found = pd.read_csv(RESULTS / "two_runs.csv", dtype=str)
    shown = ["columns", "rows", "prior", "method", "seconds", "converged", "largest_error_stated"]
    return markdown(found[[*shown, "largest_difference", "rms_difference"]])


def all_tables() -> dict[str, str]:
    """Return every table by its name."""
    return {
        "linear_areas": linear_table("auroc_with_diagonal", 3, "AUROC over all d² entries"),
        "linear_off_diagonal": linear_table("auroc", 3, "AUROC off the diagonal"),
        "linear_distances": linear_table("expected_shd_twice", 1, "E-SHD, a reversal twice"),
        "linear_edges": linear_table("edge_log_probability", 1, "log probability of the true edges, nats"),
        "linear_graphs": linear_table("graph_log_probability", 1, "log P(true graph), nats"),
        "few_rows": few_rows_table(),
        "sachs_observed": sachs_observed_table(),
        "sachs_set": sachs_set_table(),
        "waves": waves_table(),
        "programs": programs_table(),
        "two_runs": two_runs_table(),
    }


def with_tables(page: str, tables: dict[str, str]) -> str:
    """Return a page with its tables replaced."""
    return _BLOCK.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


def main() -> None:
    tables = all_tables()
    for page in PAGES:
        page.write_text(with_tables(page.read_text(encoding="utf-8"), tables), encoding="utf-8")
        print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
