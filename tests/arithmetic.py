"""Run the whole test suite as other processors would: `make test-arithmetic`.

Instruction sets round sums otherwise, and so do threads, so that a training takes another course and ends elsewhere.
No test may hang on that. Each setting makes PyTorch, MKL, OpenBLAS, NumPy and Numba take the instructions of an older
processor, and runs with one thread and with two. It stops at the first setting that fails, and lists all of them.
Arguments are passed on to pytest. On processors that are not x86-64 only the native setting is left.
"""

import os
import platform
import subprocess
import sys
import time

from numpy._core import _multiarray_umath as numpy_features

SETTINGS = {
    "SSE4.2": {
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NUMBA_CPU_NAME": "nehalem",
    },
    "AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NUMBA_CPU_NAME": "haswell",
    },
    "native": {},
}
NUMPY_KEEPS = {"SSE4.2": (), "AVX2": ("AVX2", "FMA3", "X86_V3"), "native": None}
"""NumPy's instruction sets that stay on, beside those that it cannot do without; None for all."""
THREADS = (1, 2)


def numpy_without(kept):
    """Return the instruction sets that NumPy is to leave alone: of those that this processor has, all but `kept`.

    NumPy warns of names that it does not know, which differ between its versions.
    """
    if kept is None:
        return []
    has = numpy_features.__cpu_features__
    return [name for name in numpy_features.__cpu_dispatch__ if has.get(name) and name not in kept]


def environment(setting, threads):
    """Return the variables of a run, beside those that are set already."""
    count = str(threads)
    variables = dict(SETTINGS[setting])
    variables |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), count)
    left_alone = numpy_without(NUMPY_KEEPS[setting])
    if left_alone:
        variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(left_alone)
    return variables


def main(arguments):
    """Run all settings until one fails, print what each came to, and return the exit code."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    runs = [(name, threads) for name in (SETTINGS if x86 else ["native"]) for threads in THREADS]
    told = []
    for number, (name, threads) in enumerate(runs):
        variables = environment(name, threads)
        title = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
        print(f"\n=== {title}: {' '.join(f'{key}={value}' for key, value in variables.items())}", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "worksteal", *arguments]
        code = subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
        outcome = "passed" if code == 0 else f"FAILED (exit code {code})"
        told.append(f"{title:<22}{outcome} in {time.monotonic() - began:.0f} s")
        if code != 0:
            told += [f"{other}, {count} threads: not run" for other, count in runs[number + 1 :]]
            break
    print("\n=== Settings", *told, sep="\n")
    return 0 if code == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
