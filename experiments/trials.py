"""Many generated tables, damaged folders and kills: does anything break, lie or get lost?

    python experiments/trials.py --tables 10000 --folders 500 --kills 20 --jobs 2
    python experiments/trials.py --again table-000123

Each trial has a generator of its own, made of `--seed`, its kind and its number. What is done is not done again: the
same command goes on where an earlier one stopped. Each process works through a batch; if it dies or hangs, that is a
fault of the trial it was at, and another goes on behind it. Written: `records/`, a line for each trial; `failures/`,
the inputs of each trial with a fault; `summary.md`.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from options import folder
from random_trials.commands import environment
from random_trials.fits import Trial, try_table
from random_trials.folders import good_bases, make_bases, try_folder
from random_trials.judge import Fault
from random_trials.kills import prepare, try_kill
from random_trials.summary import screen, write_summary

import dag_gfn

OUT = Path("experiments/results/trials")
KINDS = ("table", "folder", "kill")
BATCH = {"table": 200, "folder": 25, "kill": 5}
SILENT_SECONDS = 900
"""A process that begins no new trial for this long is ended."""
MEMORY = 6_000_000_000
"""Bytes of data that a process may ask for: a command that wants more fails, and the machine lives on."""


def main() -> int:
    """Run what is asked for, and return 1 if there are faults."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, count in (("tables", 10_000), ("folders", 500), ("kills", 20)):
        parser.add_argument(f"--{name}", type=int, help=f"default {count:,}")
        parser.set_defaults(**{name: count})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--out", type=Path, help=f"default {OUT}")
    parser.add_argument("--smoke", action="store_true", help="a few trials without training, in a minute")
    parser.add_argument("--again", metavar="TRIAL", help="one trial, such as table-000123, and what it shows")
    parser.add_argument("--table-only", action="store_true", help="no trials: the summary of those done")
    parser.add_argument("--batch", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.smoke:
        options.tables, options.folders, options.kills = 16, 8, 0
    options.out = folder(options, OUT).resolve()
    if options.batch:
        kind, begin, end = options.batch
        work_through(options.out, options.seed, kind, range(int(begin), int(end)))
        return 0
    if options.again:
        if options.again.startswith("folder") and not good_bases(options.out / "bases"):
            make_bases(options.out / "bases")
        return show_again(options.out, options.seed, options.again)
    if not options.table_only:
        if options.smoke:
            make_bases(options.out / "bases", quick=True)
        run(options.out, options.seed, counts_of(options), options.jobs)
    records = read_records(options.out, options.seed, counts_of(options))
    print(screen(write_summary(options.out, records, options.seed)))
    return 1 if any(record["faults"] for record in records) else 0


def counts_of(options: argparse.Namespace) -> dict[str, int]:
    """Return how many trials of each kind are asked for."""
    return {"table": options.tables, "folder": options.folders, "kill": options.kills}


def one_trial(out: Path, seed: int, kind: str, number: int) -> Trial:
    """Do one trial."""
    rng = np.random.default_rng([seed, KINDS.index(kind), number])
    if kind == "table":
        return try_table(rng)
    if kind == "folder":
        return try_folder(rng, good_bases(out / "bases"))
    return try_kill(rng, out / "bases" / "killed")


def work_through(
    out: Path, seed: int, kind: str, numbers: range, trial: Callable[[Path, int, str, int], Trial] = one_trial
) -> None:
    """Do trials one after the other, and write a line for each when it begins and when it is done."""
    _limit_memory()
    file = _file(out, seed, kind, numbers.start)
    for number in numbers:
        _append(file, {"begun": number})
        started = time.process_time()
        try:
            done = trial(out, seed, kind, number)
        except Exception as error:  # the other trials go on, and the summary says so
            fault = Fault(f"the trial itself fails: {type(error).__name__}", traceback.format_exc())
            done = Trial("failed", faults=[fault])
        done.faults = list({fault.kind: fault for fault in reversed(done.faults)}.values())[::-1]
        _append(file, record_of(kind, number, done, time.process_time() - started))
        if done.faults:
            keep(out / "failures" / name_of(kind, number), done)


def record_of(kind: str, number: int, done: Trial, seconds: float) -> dict:
    """Return what is written of a trial."""
    return {
        "kind": kind,
        "number": number,
        "outcome": done.outcome,
        "refusal": done.refusal,
        "told": done.told,
        "faults": [{"kind": fault.kind, "detail": fault.detail[-2000:]} for fault in done.faults],
        "seconds": round(seconds, 2),
    }


def keep(place: Path, done: Trial) -> None:
    """Write the inputs of a trial with a fault, and what was found."""
    shutil.rmtree(place, ignore_errors=True)
    for name, content in done.inputs.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    place.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(f"{fault.kind}\n{fault.detail}" for fault in done.faults)
    (place / "faults.txt").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def run(out: Path, seed: int, counts: dict[str, int], jobs: int) -> None:
    """Do all trials that are asked for and not recorded, in `jobs` processes."""
    out.mkdir(parents=True, exist_ok=True)
    if counts["folder"] and not good_bases(out / "bases"):
        make_bases(out / "bases")
    if counts["kill"]:
        prepare(out / "bases" / "killed")
    batches = []
    for kind, count in counts.items():
        known = {record["number"] for record in read_records(out, seed, {kind: count})}
        for begin in range(0, count, BATCH[kind]):
            numbers = range(begin, min(begin + BATCH[kind], count))
            if not known.issuperset(numbers):
                batches.append((kind, numbers))
    package = Path(dag_gfn.__file__).parent
    print(f"{len(batches)} batches to do in {out}; tried is {package}", flush=True)
    started, done, lock = time.monotonic(), 0, threading.Lock()

    def supervise(batch: tuple[str, range]) -> None:
        nonlocal done
        _supervise(out, seed, *batch)
        with lock:
            done += 1
            left = (time.monotonic() - started) * (len(batches) - done) / done
            kind, numbers = batch
            found = read_records(out, seed, {kind: numbers.stop}, begin=numbers.start)
            bad = sum(bool(record["faults"]) for record in found)
            print(
                f"[{done}/{len(batches)}, {left / 60:.0f} min left] {kind} {numbers.start} to "
                f"{numbers.stop - 1}: {bad} with faults",
                flush=True,
            )

    with ThreadPoolExecutor(jobs) as pool:
        try:
            list(pool.map(supervise, batches))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            print("stopped: what is done is kept, and the same command goes on from there")
            raise SystemExit(130) from None


def _supervise(out: Path, seed: int, kind: str, numbers: range) -> None:
    """Let processes work through a batch until each trial in it has a record."""
    file = _file(out, seed, kind, numbers.start)
    while True:
        known = {record["number"] for record in _lines(file) if "kind" in record}
        waiting = [number for number in numbers if number not in known]
        if not waiting:
            return
        # Behind the last that is known: those before it are done, in order.
        command = [sys.executable, __file__, "--batch", kind, str(waiting[0]), str(numbers.stop)]
        command += ["--out", str(out), "--seed", str(seed)]
        code, said = _watch(command, file, out)
        begun = [record["begun"] for record in _lines(file) if "begun" in record]
        known = {record["number"] for record in _lines(file) if "kind" in record}
        if code != 0 and not (begun and begun[-1] not in known):
            raise RuntimeError(f"the trials themselves fail: {said}")
        if code != 0:
            reason = "the process hangs" if code is None else f"the process ends with code {code}"
            fault = {"kind": reason, "detail": said[-2000:]}
            _append(
                file,
                {
                    "kind": kind,
                    "number": begun[-1],
                    "outcome": "died",
                    "refusal": "",
                    "told": [],
                    "faults": [fault],
                    "seconds": 0.0,
                },
            )


def _watch(command: list[str], file: Path, out: Path) -> tuple[int | None, str]:
    """Run a process and return its exit code, None if it was silent for too long, and what it said."""
    log = out / "records" / f"{file.stem}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment())
        try:
            last, size = time.monotonic(), -1
            while process.poll() is None:
                time.sleep(0.2)
                now = file.stat().st_size if file.exists() else 0
                if now != size:
                    last, size = time.monotonic(), now
                if time.monotonic() - last > SILENT_SECONDS:
                    process.kill()
                    process.wait()
                    return None, log.read_text(errors="replace")
        finally:
            if process.poll() is None:
                process.kill()
    text = log.read_text(errors="replace")
    if process.returncode == 0:
        log.unlink()
    return process.returncode, text


def read_records(out: Path, seed: int, counts: dict[str, int], *, begin: int = 0) -> list[dict]:
    """Return the records that there are of the trials asked for, each number once."""
    found: dict[tuple[str, int], dict] = {}
    for file in sorted((out / "records").glob(f"seed{seed}-*.jsonl")):
        for record in _lines(file):
            if "kind" in record and begin <= record["number"] < counts.get(record["kind"], 0):
                found[record["kind"], record["number"]] = record
    return [found[key] for key in sorted(found)]


def show_again(out: Path, seed: int, name: str) -> int:
    """Do one trial again, keep its inputs, and print its faults."""
    kind, _, number = name.partition("-")
    if kind not in KINDS or not number.isdigit():
        raise SystemExit(f"--again expects {', '.join(f'{kind}-000123' for kind in KINDS)}, not {name!r}")
    done = one_trial(out, seed, kind, int(number))
    kept = out / "failures" / name_of(kind, int(number))
    keep(kept, done)
    print(f"{name}: {done.outcome} {done.refusal}; its inputs are in {kept}")
    for fault in done.faults:
        print(f"\n{fault.kind}\n{fault.detail}")
    return 1 if done.faults else 0


def name_of(kind: str, number: int) -> str:
    """Return the name of a trial."""
    return f"{kind}-{number:06d}"


def _file(out: Path, seed: int, kind: str, begin: int) -> Path:
    """Return the file of records of the batch that a number is in."""
    return out / "records" / f"seed{seed}-{kind}-{begin - begin % BATCH[kind]:06d}.jsonl"


def _append(file: Path, content: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(content) + "\n")


def _lines(file: Path) -> list[dict]:
    """Return the records in a file; a line that a kill cut short is left out."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _limit_memory() -> None:
    if hasattr(resource, "RLIMIT_DATA") and os.name == "posix":
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))


if __name__ == "__main__":
    sys.exit(main())
