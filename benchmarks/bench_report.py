"""Size of the HTML report, and how long it takes to write and to open in a browser.

    python benchmarks/bench_report.py

Opening needs Chromium and its driver, and is left out where there is none.
"""

import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from dag_gfn.data import simulate, sufficient_statistics
from dag_gfn.data.random_dag import erdos_renyi_dag
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import make_score
from dag_gfn.views.report import write_report

SIZES = (5, 20, 50)
GRAPHS = 5000


def posterior_of(d: int) -> GraphPosterior:
    """Return a posterior of different graphs around a sparse one, with what effects need."""
    rng = np.random.default_rng(0)
    data = simulate(d, 200, rng=rng)
    kept = data.true_graph & (rng.random((GRAPHS, d, d)) < 0.8)
    others = np.stack([erdos_renyi_dag(d, rng=rng, edges_per_node=1.0) for _ in range(GRAPHS // 4)])
    score = make_score(None, data)
    return GraphPosterior.from_samples(
        [f"variable number {i}" for i in range(d)],
        np.concatenate([kept, others]),
        info={"kind": data.kind, "score": score.name, "score_options": score.hyperparameters},
        statistics=sufficient_statistics(data),
    )


def opener():
    """Return a browser, or None."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        return None
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=Service(driver))


def main() -> None:
    """Print a line for each size."""
    browser = opener()
    print(f"{'variables':>9} {'MB':>6} {'write s':>8} {'open s':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for d in SIZES:
            posterior, path = posterior_of(d), Path(folder) / f"{d}.html"
            started = time.perf_counter()
            write_report(posterior, path)
            written = time.perf_counter() - started
            opened = float("nan")
            if browser is not None:
                started = time.perf_counter()
                browser.get(path.as_uri())
                opened = time.perf_counter() - started
            print(f"{d:9} {path.stat().st_size / 1e6:6.2f} {written:8.1f} {opened:7.2f}")
    if browser is not None:
        browser.quit()


if __name__ == "__main__":
    main()
