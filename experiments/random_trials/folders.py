"""One damaged folder: every command is tried on it."""

import shutil
from pathlib import Path

import numpy as np

from random_trials.commands import run_here
from random_trials.damages import DAMAGES
from random_trials.fits import Trial, judged_fit, reading_commands, working_folder
from random_trials.judge import Fault, disk_faults, ending, printed_faults, snapshot
from random_trials.options import Options

BASES = {
    "exact 3 continuous": (3, "continuous", ()),
    "exact 5 discrete": (5, "discrete", ()),
    "exact 6 continuous": (6, "continuous", ()),
    "exact 8 discrete": (8, "discrete", ()),
    "gflownet 4": (4, "continuous", ("--method", "gflownet", "--iterations", "10")),
    "gflownet 6": (6, "discrete", ("--method", "gflownet", "--iterations", "10")),
    "mcmc 6": (6, "continuous", ("--method", "mcmc", "--iterations", "500")),
}
"""Good folders: columns, kind and options."""
LOCK = "out.partial/.dag-gfn.lock"
"""A refused run may leave it in the folder of the unfinished one."""
SHARE_OF_READS = 5
"""Reading commands tried on a damaged folder, of those that there are."""


def make_bases(place: Path, *, quick: bool = False) -> list[Path]:
    """Fit the good folders that are not there yet, and return them; `quick` leaves training out."""
    found = []
    place.mkdir(parents=True, exist_ok=True)
    for name, (d, kind, options) in BASES.items():
        if quick and "gflownet" in options:
            continue
        folder = place / name.replace(" ", "_")
        found.append(folder)
        if (folder / "posterior.json").exists():
            continue
        table = place / f"{folder.name}.csv"
        table.write_text(base_table(d, kind))
        outcome = run_here(["fit", str(table), "--out", str(folder), "--num-samples", "100", *options])
        if outcome.code != 0:
            raise RuntimeError(f"a good folder could not be made: {outcome.err}{outcome.escaped}")
    return found


def good_bases(place: Path) -> list[Path]:
    """Return the good folders that are there, always in one order."""
    folders = [place / name.replace(" ", "_") for name in BASES]
    return [folder for folder in folders if (folder / "posterior.json").exists()]


def base_table(d: int, kind: str) -> str:
    """Return a CSV of a chain of d columns."""
    rng = np.random.default_rng(d)
    values = rng.normal(size=(60, d)).cumsum(axis=1)
    names = [f"v{k}" for k in range(d)]
    cell = (
        (lambda value: "abc"[int(abs(value)) % 3])
        if kind == "discrete"
        else (lambda value: repr(float(value)))
    )
    return "\n".join([",".join(names), *[",".join(map(cell, row)) for row in values]]) + "\n"


def try_folder(rng: np.random.Generator, bases: list[Path]) -> Trial:
    """Damage a copy of a good folder, and try commands on it."""
    base = bases[rng.integers(len(bases))].resolve()
    bases = [path.resolve() for path in bases]
    with working_folder() as here:
        folder = here / "out"
        shutil.copytree(base, folder)
        shutil.copytree(bases[0], here / "good")
        damage = DAMAGES[rng.integers(len(DAMAGES))]
        what = f"{base.name}: {damage(folder, bases, rng)}"
        trial = Trial(f"damaged: {damage.__name__}", inputs={**_files(folder), "damage.txt": what.encode()})
        trial.faults = _readings(here, base, rng) + _fit_over(here, base)
        _make_removable(folder)
    trial.faults = [Fault(kind, f"{what}\n{detail}") for kind, detail in trial.faults]
    return trial


def _readings(here: Path, base: Path, rng: np.random.Generator) -> list[Fault]:
    names = [f"v{k}" for k in range(BASES[base.name.replace("_", " ")][0])]
    commands = reading_commands(Path("out"), names, rng)
    commands += [(["compare", "out", "good"], ()), (["compare", "good", "out", "--json"], ())]
    faults = []
    first = commands[:2] if rng.random() < 0.5 else commands[1:2]
    rest = [commands[k] for k in rng.choice(len(commands), size=SHARE_OF_READS, replace=False)]
    for arguments, written in [*first, *rest]:
        extra = ["--overwrite"] if arguments[0] == "export" else []
        before = snapshot(here)
        outcome = run_here([*arguments, *extra])
        faults += ending(outcome) + printed_faults(outcome)
        faults += disk_faults(before, snapshot(here), may_change=written if outcome.code == 0 else ())
    return faults


def _fit_over(here: Path, base: Path) -> list[Fault]:
    """Fit with --overwrite: the folder is replaced as a whole, or left as it is; a person's files stay."""
    d, kind, _ = BASES[base.name.replace("_", " ")]
    (here / "table.csv").write_text(base_table(min(d, 4), kind))
    faults = []
    if (here / "out.partial").exists():
        before = snapshot(here)
        resumed = run_here(["fit", "table.csv", "--out", "out", "--overwrite", "--resume", "--quiet"])
        faults += ending(resumed)
        faults += disk_faults(before, snapshot(here), may_change=[LOCK]) if resumed.code == 2 else []
    before = snapshot(here)
    theirs = {name: held for name, held in before.items() if _is_theirs(name)}
    outcome = run_here(["fit", "table.csv", "--out", "out", "--overwrite", "--quiet"])
    after = snapshot(here)
    lost = sorted(name for name, held in theirs.items() if after.get(name) != held)
    faults += [Fault(f"fit --overwrite deletes a person's file: {lost[0]}", ", ".join(lost))] if lost else []
    if outcome.code == 0:
        aside = [name for name in before if "/" not in name]
        # behind a link OUT lies where the link leads
        allowed = {name for name in aside if name.startswith("out")} | {"real", "out", "nowhere"}
        faults += disk_faults(before, after, may_change=allowed)
        if not (here / "out").is_symlink() and not lost and not theirs:
            # an unfinished run is forgotten
            kept = {name: held for name, held in before.items() if not name.startswith("out.")}
            faults += judged_fit(here, outcome, Options(quiet=True), kept).faults
        return faults + ending(outcome)
    return faults + ending(outcome) + disk_faults(before, after)


def _is_theirs(name: str) -> bool:
    return Path(name).name in ("notes.txt", "mine.png", "thesis.tex", "mine.txt")


def _files(folder: Path) -> dict[str, bytes]:
    """Return the damaged folder's files, to be kept where they are of use."""
    if folder.is_symlink() or not folder.is_dir():
        return {}
    paths = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    return {f"out/{path.name}": path.read_bytes() for path in paths if path.stat().st_size < 2_000_000}


def _make_removable(folder: Path) -> None:
    if folder.is_symlink() or not folder.exists():
        return
    folder.chmod(0o755)
