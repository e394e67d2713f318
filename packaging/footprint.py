"""What packages take: megabytes on disk, alone and with all that they need, and seconds to import, side by side.

    python packaging/footprint.py dag_gfn=dag-gfn pgmpy causallearn=causal-learn

Each argument is a module, and after = its distribution where that has another name. Files are counted that the
installer wrote (no bytecode); imports are the fastest of several new processes, less the start of Python.
"""

import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

TRIES = 5


def own_bytes(name: str) -> int:
    """Return the bytes of a distribution's files."""
    paths = (file.locate() for file in distribution(name).files or ())
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc")


def needed(name: str, found: set[str] | None = None) -> set[str]:
    """Return the names of a distribution and of all installed ones that it needs, without extras."""
    found = set() if found is None else found
    canonical = name.lower().replace("_", "-")
    if canonical in found:
        return found
    try:
        requirements = [Requirement(text) for text in distribution(name).requires or ()]
    except PackageNotFoundError:
        return found
    found.add(canonical)
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed(requirement.name, found)
    return found


def import_seconds(statement: str) -> float:
    """Return the least time that a new process takes for the statement."""
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", statement], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print one line a package."""
    start = import_seconds("pass")
    print(f"{'package':<14}{'alone, MB':>12}{'with needs, MB':>16}{'packages':>10}{'import, s':>11}")
    for argument in sys.argv[1:]:
        module, _, name = argument.partition("=")
        packages = needed(name or module)
        total = sum(own_bytes(package) for package in packages)
        own = own_bytes(name or module)
        seconds = import_seconds(f"import {module}") - start
        print(f"{module:<14}{own / 1e6:>12.1f}{total / 1e6:>16.0f}{len(packages):>10}{seconds:>11.2f}")


if __name__ == "__main__":
    main()
