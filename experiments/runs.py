"""The runs of an experiment: one JSON file each, so that what was interrupted goes on where it was."""

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from options import folder
from rich.console import Console

import dag_gfn

Parameters = dict[str, str | int | float]
Record = dict[str, Any]

console = Console(width=None if sys.stdout.isatty() else 140, soft_wrap=True)


def file_name(parameters: Parameters) -> str:
    """Return the name that a run's file has, which tells its parameters."""
    return _words(parameters).replace(" ", "_").replace(os.sep, "_") + ".json"


def carry_out(
    options: argparse.Namespace,
    out: Path,
    planned: list[Parameters],
    run: Callable[..., Mapping[str, Any]],
    write: Callable[[list[Parameters], list[Record], Path], None],
) -> None:
    """Do the planned runs, unless tables alone are asked for, and write what is known of them.

    Parameters
    ----------
    options : Namespace
        With what `options.add_run_options` adds.
    out : Path
        Where the results are by default.
    planned, run
        As for `complete`.
    write : callable
        Is given the plan, the records that there are, and the folder.
    """
    out = folder(options, out)
    if not options.table_only:
        complete(out / "runs", planned, run, jobs=options.jobs)
    out.mkdir(parents=True, exist_ok=True)
    write(planned, read(out / "runs", planned), out)


def complete(
    folder: Path, planned: list[Parameters], run: Callable[..., Mapping[str, Any]], *, jobs: int = 1
) -> None:
    """Do the planned runs that the folder does not hold yet.

    A run that raises is recorded with its error, and done again the next time. Ctrl-C leaves what is done and exits
    with 130.

    Parameters
    ----------
    folder : Path
    planned : list of dict
    run : callable
        Is given a run's parameters by name, and returns what is to be recorded of it.
    jobs : int
        Processes to spread the runs over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [parameters for parameters in planned if _unfinished(folder, parameters)]
    console.print(
        f"{len(planned) - len(waiting)} of {len(planned)} runs are in {folder}, {len(waiting)} to do"
    )
    machine = {**_machine(), "jobs": jobs}
    started = time.perf_counter()
    parallel = Parallel(n_jobs=min(jobs, max(len(waiting), 1)), return_as="generator_unordered")
    try:
        finished = parallel(delayed(_record)(folder, parameters, run, machine) for parameters in waiting)
        for done, record in enumerate(finished, 1):
            left = (time.perf_counter() - started) * (len(waiting) - done) / done
            console.print(_line(record, done, len(waiting), left), markup=False)
    except KeyboardInterrupt:
        console.print("stopped: the finished runs are kept, and the same command goes on from there")
        raise SystemExit(130) from None


def read(folder: Path, planned: list[Parameters]) -> list[Record]:
    """Return the records of the planned runs that the folder holds, failed ones included."""
    files = [folder / file_name(parameters) for parameters in planned]
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def failures(records: list[Record]) -> list[str]:
    """Return a line for each failed run."""
    return [f"{_words(record['parameters'])}: {record['error']}" for record in records if "error" in record]


def _unfinished(folder: Path, parameters: Parameters) -> bool:
    return not any("error" not in record for record in read(folder, [parameters]))


def _record(
    folder: Path, parameters: Parameters, run: Callable[..., Mapping[str, Any]], machine: Mapping[str, Any]
) -> Record:
    """Do one run and write its file, in whatever process this is."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    record: Record = {
        "parameters": parameters,
        "version": dag_gfn.__version__,
        "machine": {**machine, "load_at_start": load},
    }
    started = time.perf_counter()
    try:
        record["result"] = _plain(run(**parameters))
    except Exception as error:  # one that cannot be done should not end the night's others
        record["error"] = f"{type(error).__name__}: {error}"
    record["seconds"] = round(time.perf_counter() - started, 1)
    file = folder / file_name(parameters)
    partial = file.with_suffix(f".{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(record, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return record


def _line(record: Record, done: int, of: int, left: float) -> str:
    """Return what is said of a finished run."""
    outcome = f"failed: {record['error']}" if "error" in record else f"{record['seconds']:.0f} s"
    if "jsd" in record.get("result", {}):
        outcome += f", JSD {record['result']['jsd']:.2e}"
    return f"[{done}/{of}, {left / 60:.0f} min left] {_words(record['parameters'])}: {outcome}"


def _words(parameters: Parameters) -> str:
    return " ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in parameters.items()
    )


def _machine() -> dict[str, Any]:
    """Return what may explain a speed, and nothing that names the machine."""
    cpu = platform.machine()
    details = Path("/proc/cpuinfo")
    if details.exists():
        models = [line for line in details.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _plain(value: Any) -> Any:
    """Return JSON values; infinities have none.

    Six significant digits are more than any seed repeats; of evidences in thousands of nats the decimals count, too.
    """
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            return None
        return float(f"{value:.6g}") if abs(value) < 100 else round(float(value), 4)
    return value.item() if isinstance(value, np.generic) else value
