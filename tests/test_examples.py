"""Examples in docstrings: they run, and every public function and class has one."""

import doctest
import importlib
import inspect
import re
import sys
from pathlib import Path

import matplotlib
import pytest

import dag_gfn

ROOT = Path(dag_gfn.__file__).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
WITHOUT = ("cli", "__main__", "__init__")
"""Parts whose functions are commands of the terminal (README.md and docs/ show those), or that hold none."""


def modules():
    """Return the name of every module whose public names are documented."""
    files = (path.relative_to(ROOT) for path in sorted(ROOT.rglob("*.py")))
    kept = (path for path in files if path.parts[0].removesuffix(".py") not in WITHOUT)
    return [".".join(("dag_gfn", *path.with_suffix("").parts)).removesuffix(".__init__") for path in kept]


def public_members(module):
    """Return name and object of the functions and classes that a module defines for others."""
    return [
        (name, member)
        for name, member in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or inspect.isclass(member))
        and member.__module__ == module.__name__
        and "<locals>" not in member.__qualname__  # what a call has made, as a check of a range
    ]


def shows_an_example(member):
    """Return whether a docstring has an example: that of a function, of a class, or of a method of the class.

    "See `name`." stands for the example of another name in the same module.
    """
    documented = [member]
    elsewhere = re.search(r"Examples\n\s*-+\n\s*See `(\w+)`", inspect.getdoc(member) or "")
    if elsewhere:
        documented.append(getattr(sys.modules[member.__module__], elsewhere[1]))
    if inspect.isclass(member):
        documented += [value for name, value in vars(member).items() if not name.startswith("_")]
    return any(">>>" in (getattr(each, "__doc__", None) or "") for each in documented)


def needs_an_example(member):
    """Return whether a member is to be used: errors, and protocols that others implement, are not called."""
    if not inspect.isclass(member):
        return True
    return not (issubclass(member, BaseException) or getattr(member, "_is_protocol", False))


@pytest.mark.parametrize("name", modules())
def test_examples_run(name, monkeypatch, tmp_path):
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)  # files that examples write
    module = importlib.import_module(name)
    documented = [("", module.__doc__ or ""), *public_members(module)]
    runner, told = doctest.DocTestRunner(optionflags=FLAGS), []
    for member_name, member in documented:
        # without a module: the finder would pass over functions that the test run has wrapped
        for example in doctest.DocTestFinder().find(member, f"{name}.{member_name}", module=False, globs={}):
            runner.run(example, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


@pytest.mark.parametrize("name", modules())
def test_every_public_function_and_class_has_an_example(name):
    members = public_members(importlib.import_module(name))
    assert [
        each for each, member in members if needs_an_example(member) and not shows_an_example(member)
    ] == []


def test_the_checks_see_what_they_are_for():
    def shown():
        """Return one.

        >>> shown()
        2
        """
        return 1

    runner, told = doctest.DocTestRunner(optionflags=FLAGS), []
    for example in doctest.DocTestFinder().find(shown, "shown", globs={"shown": shown}):
        runner.run(example, out=told.append)
    assert runner.failures == 1
    assert "Got:\n    1" in "".join(told)
    assert shows_an_example(shown)
    assert not shows_an_example(modules)
    assert "dag_gfn.graphs.graph" in modules()
    assert not any(name.startswith("dag_gfn.cli") for name in modules())
