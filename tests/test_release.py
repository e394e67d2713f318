"""Files of a release agree with pyproject.toml and with one another."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import dag_gfn

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RECIPE = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
CALLED_ELSEWHERE = {"torch": "pytorch"}


def split(requirement):
    return re.fullmatch(r"([\w-]+) ?(.*)", requirement).groups()


def test_the_recipe_has_the_dependencies_of_the_project():
    expected = dict(split(each) for each in PROJECT["dependencies"])
    expected = {CALLED_ELSEWHERE.get(name, name): bound for name, bound in expected.items()}
    assert dict(split(each) for each in RECIPE["requirements"]["run"]) == {
        "python": PROJECT["requires-python"],
        **expected,
    }


def test_there_is_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert RECIPE["context"]["version"] == citation["version"] == dag_gfn.__version__


def test_there_is_one_entry_point():
    ((name, target),) = PROJECT["scripts"].items()
    assert RECIPE["build"]["python"]["entry_points"] == [f"{name} = {target}"]


def test_the_workflow_runs_what_a_developer_runs_on_every_python_that_is_named():
    job = WORKFLOW["jobs"]["tests"]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    named = [re.search(r":: (3\.\d+)$", line) for line in PROJECT["classifiers"]]
    assert job["strategy"]["matrix"]["python"] == [match[1] for match in named if match]


@pytest.mark.parametrize("extra", ["all", "test"])
def test_extras_exist_that_extras_name(extra):
    for requirement in PROJECT["optional-dependencies"][extra]:
        inside = re.fullmatch(r"dag-gfn\[(.*)\]", requirement)
        for name in inside[1].split(",") if inside else ():
            assert name in PROJECT["optional-dependencies"]
