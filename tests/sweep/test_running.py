import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import OptionError, StorageError
from dag_gfn.sweep import read_plan, run
from dag_gfn.sweep.results import read_results
from dag_gfn.sweep.tables import read_table

ROOT = Path(dag_gfn.__file__).parents[1]


def fits(folder):
    return sorted(path.name for path in (folder / "fits").iterdir())


def same(one, other):
    """Two sweeps whose results are the same."""
    np.testing.assert_allclose(
        [each.edge for each in read_results(one).complete],
        [each.edge for each in read_results(other).complete],
        rtol=0,
        atol=1e-12,
    )


def test_a_second_run_does_nothing(done):
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*")}
    summary = run(done)
    assert (summary.there, summary.done, summary.total) == (10, 0, 10)
    assert {path: path.stat().st_mtime_ns for path in done.rglob("*")} == before


def test_a_run_does_what_is_missing(done, run_once):
    lost = read_plan(done).fits[3].name
    shutil.rmtree(done / "fits" / lost)
    told = []
    summary = run(done, jobs=1, on_progress=told.append)
    assert (summary.there, summary.done) == (9, 1)
    assert [(each.done, each.total, each.seconds_left) for each in told] == [(1, 1, 0.0)]
    same(done, run_once)


def test_one_failure_does_not_stop_the_others(planned, monkeypatch):
    real = dag_gfn.fit

    def sometimes(*given, **options):
        if options["score"] == "bic":
            raise dag_gfn.DataError("bic does not like this")
        return real(*given, **options)

    with monkeypatch.context() as patch:
        patch.setattr("dag_gfn.sweep.one_fit.fit", sometimes)
        summary = run(planned, jobs=1)
    assert summary.done == 8
    assert set(summary.failed.values()) == {"bic does not like this"}
    assert not summary.is_complete
    again = run(planned, jobs=1)
    assert (again.there, again.done, len(again.failed)) == (8, 0, 2)
    assert run(planned, jobs=1, retry=True).is_complete


def test_tasks_of_a_job_array_share_the_fits(planned, run_once):
    done = [run(planned, index=k, of=3, jobs=1).done for k in range(3)]
    assert done == [4, 3, 3]
    assert run(planned, jobs=1).there == 10
    same(planned, run_once)


def test_threads_of_joblib_give_the_same(planned, run_once):
    assert run(planned, jobs=2, backend="threading").is_complete
    same(planned, run_once)


def test_a_changed_plan_keeps_what_it_shares(done):
    data = read_table(done / "tables", read_plan(done).table)
    dag_gfn.sweep.plan(data, done, scores=["bge"], priors=["uniform", "edge"], bootstraps=5)
    summary = run(done, jobs=1)
    assert (summary.total, summary.there) == (7, 5)  # another prior and another resample
    assert summary.done == 2
    assert len(fits(done)) == 12


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"jobs": 0}, "jobs"),
        ({"index": 5, "of": 3}, "from 0 to 2"),
        ({"of": 3}, "--index is one"),
        ({"backend": "magic"}, "'magic' cannot be used"),
        ({"backend": "dask"}, "needs a scheduler"),
        ({"backend": "loky", "scheduler": "tcp://127.0.0.1:1"}, "one of Dask"),
    ],
)
def test_wrong_options(planned, options, said):
    with pytest.raises(OptionError, match=said):
        run(planned, **options)
    assert fits(planned) == []


def test_wrong_folders(planned, tmp_path):
    with pytest.raises(StorageError, match="there is no folder"):
        run(tmp_path / "none")
    path = planned / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.9"}))
    with pytest.raises(StorageError, match=r"planned with dag_gfn 0\.0\.9"):
        run(planned)


# --- processes ---


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def wait_for(condition, seconds=120):
    """Wait until something is there; a machine that is busy is no failure."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def dask_cluster(folder):
    """A scheduler of Dask and two worker processes on the loopback interface; gives its address and the workers."""
    file = folder / "scheduler.json"
    where = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    alone = ["--no-nanny", "--nthreads", "1", "--local-directory", str(folder)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment()}
    command = [sys.executable, "-m", "distributed.cli.dask_"]
    started = [subprocess.Popen([*command[:2], command[2] + "scheduler", *where, "--port", "0"], **quiet)]
    try:
        for _ in range(2):
            started.append(subprocess.Popen([*command[:2], command[2] + "worker", *where, *alone], **quiet))
        address = json.loads(wait_for(lambda: file.exists() and file.read_text()))["address"]
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_dask_cluster_that_loses_a_worker_gives_what_one_machine_gives(planned, run_once, tmp_path):
    from distributed import Client

    with dask_cluster(tmp_path) as (address, workers):
        with Client(address) as client:
            client.wait_for_workers(2)
        done = []

        def kill_one(progress):
            done.append(progress.done)
            if len(done) == 2:
                workers[0].send_signal(signal.SIGKILL)

        summary = run(planned, scheduler=address, on_progress=kill_one)
        assert workers[0].wait() == -signal.SIGKILL
        assert workers[1].poll() is None
    assert summary.is_complete
    assert done == list(range(1, 11))
    same(planned, run_once)


def test_no_scheduler_answers(planned, monkeypatch):
    monkeypatch.setattr("dag_gfn.sweep.running.SCHEDULER_SECONDS", 0.3)
    with pytest.raises(OptionError, match=r"no scheduler of Dask answers at 'tcp://127\.0\.0\.1:1'"):
        run(planned, scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_and_the_next_run_goes_on(planned, run_once):
    command = [sys.executable, "-m", "dag_gfn", "sweep", "run", str(planned), "--jobs", "2"]
    first = subprocess.Popen(
        command, env=environment(), start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: any("." not in name for name in fits(planned)))
    os.killpg(first.pid, signal.SIGINT)  # as a terminal sends it, to the workers too
    told = first.communicate()[1]
    assert first.returncode in (0, 130)
    assert "Traceback" not in told
    subprocess.run(command, env=environment(), check=True, capture_output=True)
    same(planned, run_once)


@pytest.mark.slow
def test_a_killed_worker_of_this_machine_loses_no_more_than_what_it_worked_on(planned, run_once):
    command = [sys.executable, "-m", "dag_gfn", "sweep", "run", str(planned), "--jobs", "2"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)

    def workers():
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = path.read_text().rpartition(")")[2].split()[1]
                if parent == str(process.pid) and b"popen_loky" in path.with_name("cmdline").read_bytes():
                    found.append(int(path.parent.name))
        return found

    wait_for(lambda: fits(planned) or process.poll() is not None)
    for pid in workers()[:1]:
        os.kill(pid, signal.SIGKILL)
    assert process.wait() == 0
    same(planned, run_once)
