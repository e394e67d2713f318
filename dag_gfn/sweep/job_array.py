"""A script for Slurm that runs a sweep as a job array: each task does a share of the fits."""

import math
import re
import shlex
import sys
from pathlib import Path

from dag_gfn import files
from dag_gfn.errors import OptionError
from dag_gfn.sweep.planned_fits import Plan

SCRIPT = "array.sbatch"
MAX_TASKS = 200
"""Tasks of an array unless another number is asked for; clusters rarely allow more than 1,000."""
LEAST_MINUTES = 10


def share_of(names: list[str], index: int, tasks: int) -> list[str]:
    """Return the fits of one task of an array: every so manyth, beginning with the index.

    Raises
    ------
    OptionError
        If there is no such task.

    Examples
    --------
    >>> from dag_gfn.sweep.job_array import share_of
    >>> share_of(["a", "b", "c", "d", "e"], index=1, tasks=2)
    ['b', 'd']
    """
    if not 0 <= index < tasks:
        raise OptionError(
            f"index (--index) must be from 0 to {tasks - 1}, one less than the tasks (--of), not {index}"
        )
    return names[index::tasks]


def write_job_array(
    plan: Plan,
    folder: Path,
    *,
    tasks: int | None = None,
    at_once: int | None = None,
    minutes: int | None = None,
) -> Path:
    """Write a script for ``sbatch`` into the folder of a sweep, and return its path. Slurm is not needed for that.

    It calls the Python that writes it, in the directory in which it is submitted. Tasks that are killed are submitted
    again with the same script: what is there is not done again.

    Parameters
    ----------
    plan : Plan
    folder : Path
    tasks : int, optional
        Tasks of the array; by default one for each fit, at most 200.
    at_once : int, optional
        How many of them may run at a time; by default as many as the cluster allows.
    minutes : int, optional
        Time of a task; by default three times what it should take, and not in the script where that is not known.

    Raises
    ------
    OptionError
        If there are no fits, or a number is not positive.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.sweep.job_array import write_job_array
    >>> from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting
    >>> fits = [PlannedFit(f"{k:016x}", 0, None, k) for k in range(6)]
    >>> plan = Plan("w", "0a1b", ["a", "b"], 9, {}, [Setting({}, {}, "0a1b", seconds=2.0)], fits)
    >>> text = write_job_array(plan, Path("."), tasks=3, at_once=2).read_text()
    >>> "#SBATCH --array=0-2%2" in text, "--index $SLURM_ARRAY_TASK_ID --of 3" in text
    (True, True)
    """
    if not plan.fits:
        raise OptionError("the sweep has no fits, so that there is nothing to submit")
    for name, value in (("tasks", tasks), ("at_once", at_once), ("minutes", minutes)):
        if value is not None and value < 1:
            raise OptionError(f"{name} (--{name.replace('_', '-')}) must be positive, not {value}")
    tasks = min(tasks or MAX_TASKS, len(plan.fits))
    if minutes is None:
        seconds = plan.seconds()
        if seconds is not None:
            minutes = max(LEAST_MINUTES, math.ceil(3 * seconds / tasks / 60) + 5)
    where = folder.resolve()
    title = re.sub(r"[^\w.-]", "_", where.name)[:40]
    throttle = "" if at_once is None else f"%{at_once}"
    lines = [
        "#!/bin/bash",
        f"#SBATCH --job-name=sweep-{title}",
        f"#SBATCH --array=0-{tasks - 1}{throttle}",
        "#SBATCH --ntasks=1",
        "#SBATCH --cpus-per-task=1",
        *([] if minutes is None else [f"#SBATCH --time={minutes // 60:02d}:{minutes % 60:02d}:00"]),
        f"#SBATCH --output={_unquoted(where / 'log-%a.txt')}",
        "# Each task does every so manyth fit that is not there yet: submit again what was killed.",
        f"{shlex.quote(sys.executable)} -m dag_gfn sweep run {shlex.quote(str(where))} "
        f"--index $SLURM_ARRAY_TASK_ID --of {tasks} --jobs ${{SLURM_CPUS_PER_TASK:-1}}",
    ]
    path = folder / SCRIPT
    files.write_text(path, "\n".join(lines) + "\n")
    return path


def _unquoted(path: Path) -> str:
    """Return a path as #SBATCH lines take it: in quotes where it has blanks."""
    text = str(path)
    return f'"{text}"' if re.search(r"\s", text) else text
