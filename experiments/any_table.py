"""How many of the tables in a folder get a posterior with no option, and why the others do not.

    python experiments/any_table.py FOLDER [--read-only] [--time-budget 20] [--only NAME] [--workers 1]

Every CSV file is read and fitted through the public API, as `dag-gfn fit table.csv` does it. Each table is fitted in a
process of its own, so that a crash or a hang is one row of the result. Rows go to experiments/results/any_table.csv.
"""

import argparse
import csv
import multiprocessing
import multiprocessing.connection
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "any_table.csv"
FIELDS = ("table", "n", "d", "roles", "missing", "outcome", "seconds")
GRACE = 8.0
"""A fit that takes more than so many times its time budget, and a minute, is ended."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--read-only", action="store_true", help="read the tables, and fit none")
    parser.add_argument("--time-budget", type=float, default=20.0, help="seconds of each fit")
    parser.add_argument("--num-samples", type=int, default=500)
    parser.add_argument("--only", default="", help="tables whose names have this text")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    paths = sorted(path for path in given.folder.glob("*.csv") if given.only in path.name)
    with ThreadPoolExecutor(given.workers) as pool:
        rows = list(pool.map(lambda path: outcome_of(path, given), paths))
    given.out.parent.mkdir(exist_ok=True)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    good = "read" if given.read_only else "posterior"
    done = sum(row["outcome"] == good for row in rows)
    print(f"{done} of {len(rows)} tables: {good} ({100 * done / max(len(rows), 1):.1f} %)")
    for reason, count in Counter(row["outcome"] for row in rows if row["outcome"] != good).most_common():
        print(f"{count:4d}  {reason}")


def outcome_of(path: Path, given: argparse.Namespace) -> dict[str, object]:
    """Return the row of one table; the work is done in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(path, given, sender))
    start = time.monotonic()
    process.start()
    sender.close()
    limit = max(GRACE * given.time_budget, 60.0)
    try:
        row = receiver.recv() if receiver.poll(limit) else {"outcome": f"no end within {limit:.0f} s"}
    except EOFError:
        row = {"outcome": f"the process ended with code {process.exitcode}"}
    process.kill()
    process.join()
    row = {"table": path.stem, "seconds": round(time.monotonic() - start, 1), **row}
    print(f"{row['seconds']:7.1f} s  {path.stem}: {row['outcome']}", flush=True)
    return row


def work(path: Path, given: argparse.Namespace, sender: "multiprocessing.connection.Connection") -> None:
    """Send the row of one table."""
    warnings.simplefilter("ignore")
    row: dict[str, object] = {}
    try:
        import dag_gfn
        from dag_gfn.data import read_file

        data = read_file(path)
        row |= {"n": data.n, "d": data.d, "roles": in_short(data.roles), "missing": int(data.missing.sum())}
        if given.read_only:
            sender.send({**row, "outcome": "read"})
            return
        posterior = dag_gfn.fit(
            data,
            time_budget=given.time_budget,
            num_samples=given.num_samples,
            seed=0,
            progress=False,
        )
        edges = posterior.edge_marginals().to_numpy()
        sender.send(
            {**row, "outcome": "posterior" if ((edges >= 0) & (edges <= 1)).all() else "no probabilities"}
        )
    except Exception as error:
        text = " ".join(str(error).split())
        sender.send({**row, "outcome": f"{type(error).__name__}: {text[:200]}"})


def in_short(roles: tuple) -> str:
    """Return how many columns have each role."""
    counts = Counter(role.role for role in roles)
    return ", ".join(f"{count} {role}" for role, count in counts.most_common())


if __name__ == "__main__":
    main()
