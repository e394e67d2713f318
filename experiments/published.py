"""Published tables with the exact posterior under them: what the whole posterior itself scores is the ceiling.

    python experiments/published.py linear --tables 25       # 20 columns, 1,000 rows: about 10 s for each row
    python experiments/published.py few_rows --tables 25     # 20 columns, 100 rows: about 10 s for each row
    python experiments/published.py sachs_observed --sachs DATA_FOLDER      # half a minute

Each table is a file of `experiments/published_tables`, which says where it is from and how its data are made. A row
is written to `experiments/results/published/TABLE.csv` as soon as it is known, and rows that are there are not done
again: after Ctrl-C the same command goes on. `python experiments/comparison_page.py` makes the page of them.
"""

import argparse
import csv
import importlib
import time
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import dag_gfn

OUT = Path("experiments/results/published")
TABLES = ("linear", "few_rows", "sachs_observed")


def table_module(name: str) -> ModuleType:
    """Return the module of a table."""
    return importlib.import_module(f"published_tables.{name}")


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file, none if there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_text(value: Any) -> str:
    """Return what is written of a value: six digits of a number."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def complete(module: ModuleType, path: Path, *, tables: int, smoke: bool, **files: Any) -> None:
    """Do what the plan has and the file lacks, and append a row for each."""
    done = {tuple(row[key] for key in module.KEYS) for row in rows_of(path)}
    planned = module.plan(tables, smoke)
    waiting = [p for p in planned if tuple(as_text(p[key]) for key in module.KEYS) not in done]
    print(f"{len(planned) - len(waiting)} of {len(planned)} rows are in {path}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    for parameters in waiting:
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dag_gfn.DataWarning)
            found = module.run(**parameters, **files, smoke=smoke)
        row = {**parameters, **found, "seconds": round(time.perf_counter() - started, 1)}
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow({name: as_text(value) for name, value in row.items()})
        print(", ".join(f"{name} {as_text(value)}" for name, value in row.items()), flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--tables", type=int, default=10, help="simulated tables of each kind")
    parser.add_argument("--out", type=Path, help=f"folder; default {OUT}")
    parser.add_argument("--smoke", action="store_true", help="a small size, to see that it works")
    parser.add_argument(
        "--sachs", type=Path, help="folder of the protein table, as experiments/sachs.py reads it"
    )
    options = parser.parse_args(arguments)
    if options.smoke and options.out is None:
        parser.error("--smoke needs --out, so that it stays out of the results")
    tables = 1 if options.smoke else options.tables
    out = OUT if options.out is None else options.out
    files = {"sachs": options.sachs} if options.table == "sachs_observed" else {}
    module, path = table_module(options.table), out / f"{options.table}.csv"
    complete(module, path, tables=tables, smoke=options.smoke, **files)


if __name__ == "__main__":
    main()
