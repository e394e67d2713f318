import subprocess
import sys

import pytest

from dag_gfn.errors import OptionError
from dag_gfn.sweep import read_plan
from dag_gfn.sweep.job_array import share_of, write_job_array
from dag_gfn.sweep.planned_fits import Plan


def test_shares_are_a_partition():
    names = [f"{k}" for k in range(11)]
    shares = [share_of(names, k, 4) for k in range(4)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert max(map(len, shares)) - min(map(len, shares)) == 1
    for wrong in (-1, 4):
        with pytest.raises(OptionError, match="from 0 to 3"):
            share_of(names, wrong, 4)


def test_a_task_of_the_script_does_its_share(planned):
    path = write_job_array(read_plan(planned), planned, tasks=5, at_once=2)
    lines = path.read_text().splitlines()
    assert "#SBATCH --array=0-4%2" in lines
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    # what Slurm would run, with the Python replaced by one that prints
    printed = path.read_text().replace(sys.executable, "echo")
    said = subprocess.run(
        ["bash", "-c", printed],
        env={"SLURM_ARRAY_TASK_ID": "3", "PATH": "/bin:/usr/bin"},
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == [
        *("-m", "dag_gfn", "sweep", "run", str(planned.resolve())),
        *("--index", "3", "--of", "5", "--jobs", "1"),
    ]


def test_no_more_tasks_than_fits(planned):
    assert "--array=0-9\n" in write_job_array(read_plan(planned), planned).read_text()
    assert "--array=0-9\n" in write_job_array(read_plan(planned), planned, tasks=500).read_text()


def test_a_folder_with_blanks_and_quotes(planned, tmp_path):
    odd = planned.rename(tmp_path / "it's a sweep")
    path = write_job_array(read_plan(odd), odd, tasks=1)
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    said = subprocess.run(
        ["bash", "-c", path.read_text().replace(sys.executable, "printf '%s\\n'")],
        capture_output=True,
        text=True,
    )
    assert str(odd.resolve()) in said.stdout.splitlines()


@pytest.mark.parametrize("wrong", [{"tasks": 0}, {"at_once": -1}, {"minutes": 0}])
def test_wrong_numbers(planned, wrong):
    with pytest.raises(OptionError, match="must be positive"):
        write_job_array(read_plan(planned), planned, **wrong)


def test_nothing_to_submit(tmp_path):
    with pytest.raises(OptionError, match="nothing to submit"):
        write_job_array(Plan("w", "0a1b", ["a", "b"], 9, {}, [], []), tmp_path)
