"""A declared option on the command line: one field in one place is enough."""

# ruff: noqa: RUF009  # option() makes a field

import inspect
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.errors import OptionError
from dag_gfn.options import (
    Edges,
    Names,
    Numbers,
    OptionGroup,
    Settings,
    one_of,
    option,
    options_of,
    takes,
    whole,
)


@dataclass(frozen=True)
class Ladder(OptionGroup, panel="Tempering"):
    """Options of every type."""

    num_rungs: int = option(4, "Number of temperatures.", check=whole(1))
    base: float | int | None = option(None, "Ratio.")
    spacing: str | None = option(None, "Spacing; by default even.", check=one_of("even", "geometric"))
    means: Numbers | None = option(None, "Means.")
    links: Edges = option((), "Edges.", first=True)
    chosen: Names = option((), "Columns.", words=("all",))
    left: Names | None = option(None, "Others.")
    extra: Settings | None = option(None, "More of it.", flag="--extra-setting")
    quick: bool = option(False, "In haste.")
    swap: bool | None = option(None, "Whether they swap.")
    place: Path = option(Path("here"), "Where.")


@pytest.fixture
def program():
    """A command that returns what it was given."""
    app, seen = typer.Typer(rich_markup_mode="rich", add_completion=False), []

    @app.command()
    @from_command_line(Ladder)
    def anneal(**given):
        """Anneal."""
        seen.append(read_values(Ladder, given, names=("a:b", "c")))

    def run(*arguments):
        app(args=list(arguments), prog_name="anneal", standalone_mode=False)
        return seen.pop() if seen else None

    return run


def test_what_is_left_out_is_the_default(program):
    found = program()
    assert found.pop("extra") == {}
    assert list(found.pop("links")) == []
    assert found == {
        name: each.default for name, each in options_of(Ladder).items() if name not in ("extra", "links")
    }


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--num-rungs", "7"], "num_rungs", 7),
        (["--base", "1.5"], "base", 1.5),
        (["--spacing", "geometric"], "spacing", "geometric"),
        (["--means", "1.5"], "means", 1.5),
        (["--means", "1, -2,3e1"], "means", [1.0, -2.0, 30.0]),
        (["--links", "a:b:c", "--links", "c : d"], "links", [("a:b", "c"), ("c", "d")]),
        (["--chosen", 'a,"b,c"'], "chosen", ["a", "b,c"]),
        (["--chosen", "all"], "chosen", "all"),
        (["--left", "all"], "left", ["all"]),
        (["--extra-setting", "rate=1e-3", "--extra-setting", "kind=x"], "extra", {"rate": 1e-3, "kind": "x"}),
        (["--quick"], "quick", True),
        (["--swap"], "swap", True),
        (["--no-swap"], "swap", False),
        (["--place", "a/b"], "place", Path("a/b")),
    ],
)
def test_each_type_of_value_is_read(program, arguments, name, value):
    assert program(*arguments)[name] == value


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--means", "1,x"], "--means expects a number"),
        (["--links", "c"], "source:target"),
        (["--chosen", ","], "--chosen expects names"),
        (["--extra-setting", "rate"], "--extra-setting expects name=value"),
    ],
)
def test_texts_that_cannot_be_read_are_named(program, arguments, said):
    with pytest.raises(OptionError, match=said):
        program(*arguments)


def test_the_help_has_panels_choices_and_notes(program, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    program("--help")
    shown = capsys.readouterr().out
    assert shown.index("Options") < shown.index("--links") < shown.index("Tempering") < shown.index("--base")
    assert "Spacing: even or geometric; by default even." in shown
    assert "Edges; repeatable." in shown
    assert "--no-swap" in shown
    assert "--no-quick" not in shown


def test_one_field_makes_an_option_of_a_function_and_of_a_command():
    @dataclass(frozen=True)
    class Longer(OptionGroup):
        ladder: Ladder
        patience: int = option(3, "Rungs without progress.", check=whole(1))

    @takes(Longer)
    def anneal(**options):
        """Anneal.

        **options
            All of them.
        """
        return Longer.from_keywords(options, caller="anneal").patience

    @from_command_line(Longer)
    def command(**given):
        return anneal(**read_values(Longer, given))

    assert inspect.signature(anneal).parameters["patience"].default == 3
    assert "patience : int, default 3\n    Rungs without progress." in anneal.__doc__
    assert anneal(patience=5) == 5
    with pytest.raises(OptionError, match="patience must be positive"):
        anneal(patience=0)
    app = typer.Typer(rich_markup_mode="rich", add_completion=False)
    app.command()(command)
    assert app(args=["--patience", "8"], standalone_mode=False) == 8
    with pytest.raises(OptionError, match="--patience"):
        app(args=["--patience", "0"], standalone_mode=False)


def test_a_type_without_a_form_is_a_mistake_of_the_program():
    @dataclass(frozen=True)
    class Odd(OptionGroup):
        odd: complex = option(1j, "What nobody can write.")

    with pytest.raises(TypeError, match="'odd' has no form"):

        @from_command_line(Odd)
        def command(**given):
            pass
