# ruff: noqa: RUF009  # option() makes a field

import inspect
from dataclasses import dataclass

from dag_gfn.options import (
    Edges,
    Names,
    Numbers,
    OptionGroup,
    Settings,
    describe_options,
    documented,
    one_of,
    option,
    options_of,
    takes,
)


@dataclass(frozen=True)
class Ladder(OptionGroup):
    """A small group with every type."""

    num_rungs: int = option(4, "Number of temperatures.", details="At least one, " + "and no more " * 20)
    spacing: str | None = option(None, "How they are spaced.", check=one_of("even", "geometric"))
    base: float | int | None = option(None, "Ratio.")
    means: Numbers | None = option(None, "Means.")
    links: Edges = option((), "Edges.")
    chosen: Names = option((), "Columns.", words=("all",))
    extra: Settings | None = option(None, "More of it.")
    quick: bool = option(False, "In haste.")


@takes(Ladder)
def anneal(table, *, progress=True, **options):
    """Anneal.

    Parameters
    ----------
    table : object
        What to anneal.
    **options
        As declared, over
        two lines.
    progress : bool
        Whether it is shown.

    Returns
    -------
    int
    """
    return Ladder.from_keywords(options, caller="anneal").num_rungs


def test_the_signature_lists_every_option_by_name_type_and_default():
    parameters = inspect.signature(anneal).parameters
    assert list(parameters) == ["table", *options_of(Ladder), "progress"]
    assert parameters["num_rungs"].default == 4
    assert parameters["num_rungs"].annotation is int
    assert parameters["spacing"].kind is inspect.Parameter.KEYWORD_ONLY
    assert anneal(None, num_rungs=3) == 3


def test_the_documentation_has_an_entry_for_each_option_in_the_place_of_all():
    lines = anneal.__doc__.splitlines()
    assert "**options" not in anneal.__doc__
    assert "two lines" not in anneal.__doc__
    for entry in (
        "table : object",
        "num_rungs : int, default 4",
        'spacing : {"even", "geometric"}, optional',
        "base : float, optional",
        "means : float or sequence of float, optional",
        "links : iterable of (source, target) or path, optional",
        'chosen : sequence of str or "all", optional',
        "extra : mapping, optional",
        "quick : bool, default False",
        "progress : bool",
        "Returns",
    ):
        assert entry in lines
    assert lines[lines.index("quick : bool, default False") + 1] == "    In haste."
    assert max(map(len, lines)) <= 100
    assert lines.index("progress : bool") > lines.index("quick : bool, default False")


def test_nothing_to_document():
    assert documented(None, []) is None
    assert describe_options([]) == ""
