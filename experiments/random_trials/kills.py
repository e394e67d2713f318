"""One kill: a process that replaces a folder is ended at a random moment, by one of three signals."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from random_trials.commands import command_line, environment, run_apart
from random_trials.contents import folder_faults
from random_trials.fits import Trial, working_folder
from random_trials.folders import base_table
from random_trials.judge import Fault, ending, snapshot

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
        process = subprocess.Popen(
            command_line(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        when = _wait(here, process, rng, seconds)
        process.send_signal(sent)
        _, err = process.communicate(timeout=600)
        what = f"{sent.name} {when}, code {process.returncode}"
        trial = Trial(f"killed by {sent.name}", inputs={"command.txt": what.encode()})
        trial.faults += _aftermath(here, old, new, err, process.returncode)
    trial.faults = [Fault(kind, f"{what}\n{detail}") for kind, detail in trial.faults]
    return trial


def _wait(here: Path, process: subprocess.Popen, rng: np.random.Generator, seconds: float) -> str:
    """Wait until it is time to kill, and say when that is.

    Most of the seconds go into starting, and what matters takes milliseconds: so two times in three the moment is
    counted from a change of what lies beside the folder.
    """
    if rng.random() < 1 / 3:
        delay = seconds * rng.uniform(0, 1.1)
        time.sleep(delay)
        return f"after {delay:.3f} of {seconds:.2f} s"
    changes, delay = int(rng.integers(1, 6)), float(rng.choice([0.0, 0.001, 0.01, 0.3]) * rng.random())
    seen, left = None, changes + 1
    while process.poll() is None and left:
        names = sorted(os.listdir(here))
        if names != seen:
            seen, left = names, left - 1
        else:
            time.sleep(0.0002)
    time.sleep(delay)
    return f"{delay:.4f} s after change {changes - left} of {changes} in the folder above: {seen}"


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
    elif "nothing was written" in err and edges.read_bytes() == good[1]:
        faults.append(Fault("'nothing was written', but the new posterior is there", err))
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
