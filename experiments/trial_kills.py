"""One kill: a process that replaces a folder is ended at a random moment, by one of three signals."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from trial_commands import command_line, environment, run_apart
from trial_fits import Trial, working_folder
from trial_folders import base_table
from trial_judge import Fault, ending, folder_faults, snapshot

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)


def prepare(place: Path) -> tuple[Path, Path, float]:
    """Return a first posterior folder, the one that replaces it, and the seconds which that takes; made once."""
    place.mkdir(parents=True, exist_ok=True)
    seconds = place / "seconds.txt"
    for name, d in (("old", 5), ("new", 6)):
        (place / f"{name}.csv").write_text(base_table(d, "continuous"))
    if not seconds.exists():
        for name in ("old", "new"):
            started = time.monotonic()
            arguments = [
                "fit",
                str(place / f"{name}.csv"),
                "--out",
                str(place / name),
                "--overwrite",
                "--quiet",
            ]
            outcome = run_apart(arguments)
            if outcome.code != 0:
                raise RuntimeError(f"a good folder could not be made: {outcome.err}{outcome.escaped}")
        seconds.write_text(str(time.monotonic() - started))
    return place / "old", place / "new", float(seconds.read_text())


def try_kill(rng: np.random.Generator, place: Path) -> Trial:
    """End `fit --overwrite` at a random moment, then look at the folder and fit again."""
    old, new, seconds = (path.resolve() if isinstance(path, Path) else path for path in prepare(place))
    sent = SIGNALS[rng.integers(len(SIGNALS))]
    arguments = ["fit", "table.csv", "--out", "out", "--overwrite", "--quiet"]
    with working_folder() as here:
        shutil.copytree(old, here / "out")
        shutil.copyfile(place.resolve() / "new.csv", here / "table.csv")
        # Importing takes most of the time: two kills in three come after it.
        delay = seconds * (rng.uniform(0.6, 1.1) if rng.random() < 0.67 else rng.uniform(0, 0.6))
        process = subprocess.Popen(
            command_line(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        time.sleep(delay)
        process.send_signal(sent)
        _, err = process.communicate(timeout=120)
        what = f"{sent.name} after {delay:.2f} s of {seconds:.2f}, code {process.returncode}"
        trial = Trial(f"killed by {sent.name}", inputs={"command.txt": what.encode()})
        trial.faults += _aftermath(here, old, new, err, process.returncode)
    trial.faults = [Fault(kind, f"{what}\n{detail}") for kind, detail in trial.faults]
    return trial


def _aftermath(here: Path, old: Path, new: Path, err: str, code: int) -> list[Fault]:
    faults = []
    # A signal that comes while Python starts is Python's own business.
    if "Traceback" in err and "dag_gfn/cli" in err:
        faults.append(Fault("traceback after a signal", err))
    shown = run_apart(["show", "out"])
    faults += ending(shown)
    if shown.code != 0:
        faults.append(
            Fault("after a kill the folder cannot be shown", shown.err + str(sorted(snapshot(here))))
        )
    edges = here / "out" / "edges.csv"
    good = [(folder / "edges.csv").read_bytes() for folder in (old, new)]
    if not edges.exists() or edges.read_bytes() not in good:
        faults.append(Fault("neither the old nor the new posterior is there", str(sorted(snapshot(here)))))
    elif code == 0 and edges.read_bytes() != good[1]:
        faults.append(Fault("exit code 0, but the old posterior is there", err))
    second = run_apart(["fit", "table.csv", "--out", "out", "--overwrite", "--quiet"])
    faults += ending(second)
    if second.code == 0:
        faults += folder_faults(here / "out")
        beside = {name.split("/")[0] for name in snapshot(here)} - {"out", "table.csv"}
        if beside:
            faults.append(Fault("leftovers beside the folder after a second fit", str(sorted(beside))))
    else:
        faults.append(Fault("no second fit after a kill", second.err))
    return faults
