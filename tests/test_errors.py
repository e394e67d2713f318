"""Every error and warning is one that a caller can name."""

import ast
import inspect
import pickle
from pathlib import Path

import pytest

import dag_gfn
from dag_gfn import errors
from dag_gfn.errors import DagGfnError, printable

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
MESSAGES = [kind for kind in KINDS if not issubclass(kind, Warning)]
PACKAGE = Path(dag_gfn.__file__).parent


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_error_is_caught_by_the_base(kind):
    with pytest.raises(DagGfnError, match="what was expected"):
        raise kind("what was expected, what came, what to do")
    assert not issubclass(kind, ValueError | OSError)  # or other handlers would take it for theirs


@pytest.mark.parametrize("kind", KINDS)
def test_messages_pass_between_processes(kind):
    copied = pickle.loads(pickle.dumps(kind("'größe' → 3")))
    assert type(copied) is kind
    assert str(copied) == "'größe' → 3"


def test_warnings_are_users_and_no_errors():
    found = [kind for kind in KINDS if kind not in MESSAGES]
    assert len(found) >= 2
    assert all(issubclass(kind, UserWarning) and not issubclass(kind, DagGfnError) for kind in found)


@pytest.fixture(scope="module")
def used():
    """The names in what the package raises or warns of."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            raised = isinstance(node, ast.Raise) and node.exc is not None
            warned = isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn"
            if raised or warned:
                names |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_each_says_what_it_is_for_and_is_raised_or_warned_of_somewhere(kind, used):
    assert inspect.getdoc(kind).splitlines()[0].endswith(".")
    assert kind.__name__ in used or kind is DagGfnError


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_caught_can_be_imported_from_the_package(kind):
    assert getattr(dag_gfn, kind.__name__) is kind


def test_control_characters_are_spelled_out():
    assert printable("a\x1b[31m, \x00 and \u202e") == "a\\x1b[31m, \\x00 and \\u202e"
    assert printable("年齢 \N{NO-BREAK SPACE}% a→b \N{WOMAN}\u200d\N{PERSONAL COMPUTER}\n") == (
        "年齢 \N{NO-BREAK SPACE}% a→b \N{WOMAN}\u200d\N{PERSONAL COMPUTER}\n"
    )


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        ("short", 200, "short"),
        ("a" * 200, 200, "a" * 200),
        ("a" * 10 + "z" * 10, 15, "aaaaa ... zzzzz"),
        ([1, 2], 200, "[1, 2]"),
    ],
)
def test_what_is_repeated_is_cut_in_the_middle(value, limit, text):
    assert errors.shortened(value, limit) == text


def test_what_is_repeated_is_never_too_long():
    assert len(errors.shortened("é" * 10_000)) <= errors.MAX_ECHO
    assert len(errors.shortened({"a": "b" * 10_000})) <= errors.MAX_ECHO
