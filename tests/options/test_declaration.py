# ruff: noqa: RUF009  # option() makes a field

from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest

from dag_gfn.errors import OptionError
from dag_gfn.options import (
    Edges,
    OptionGroup,
    Settings,
    one_of,
    option,
    options_of,
    true_or_false,
    unexpected_keyword,
    whole,
)


@dataclass(frozen=True)
class Ladder(OptionGroup, panel="Tempering", used_by=("mcmc",)):
    """A small group."""

    num_rungs: int = option(4, "Number of temperatures.", check=whole(1), first=True, recorded=True)
    spacing: str | None = option(None, "How they are spaced.", check=one_of("even", "geometric"))
    extra: Settings | None = option(None, "More of it.", flag="--extra-setting", identity=False)
    seldom: bool = option(False, "Seldom used.", silent=True)


@dataclass(frozen=True)
class Links(OptionGroup):
    """Another one."""

    links: Edges = option((), "Edges.")


@dataclass(frozen=True)
class Both(OptionGroup):
    """Groups in a group."""

    links: Links
    ladder: Ladder


def test_all_options_are_listed_in_their_order_with_what_was_declared():
    found = options_of(Both)
    assert list(found) == ["links", "num_rungs", "spacing", "extra", "seldom"]
    rungs, spacing, extra = found["num_rungs"], found["spacing"], found["extra"]
    assert (rungs.type, rungs.default, rungs.help) == (int, 4, "Number of temperatures.")
    assert (rungs.panel, spacing.panel) == (None, "Tempering")
    assert (spacing.required_type, spacing.choices) == (str, ("even", "geometric"))
    assert (rungs.required_type, rungs.choices) == (int, ())
    assert (rungs.flag, extra.flag) == ("--num-rungs", "--extra-setting")
    assert (rungs.identity, extra.identity) == (True, False)
    assert (rungs.used_by, found["links"].used_by) == (("mcmc",), None)


def test_an_option_is_declared_once():
    @dataclass(frozen=True)
    class Twice(OptionGroup):
        ladder: Ladder
        num_rungs: int = option(1, "Again.")

    with pytest.raises(TypeError, match="'num_rungs' is declared twice"):
        options_of(Twice)


def test_values_are_checked_when_a_group_is_made():
    with pytest.raises(OptionError, match="num_rungs"):
        Ladder(num_rungs=0)
    with pytest.raises(OptionError, match="spacing"):
        Ladder(spacing="odd")
    with pytest.raises(FrozenInstanceError):
        Ladder().num_rungs = 3
    assert Ladder(spacing=None).spacing is None


def test_keywords_are_spread_over_the_groups():
    made = Both.from_keywords({"num_rungs": 2, "links": [("a", "b")]}, caller="anneal")
    assert made == Both(Links([("a", "b")]), Ladder(2))
    assert made.values() == {
        "links": [("a", "b")],
        "num_rungs": 2,
        "spacing": None,
        "extra": None,
        "seldom": False,
    }
    assert made.recorded() == {"num_rungs": 2}
    with pytest.raises(OptionError, match="num_rungs"):
        Both.from_keywords({"num_rungs": -1}, caller="anneal")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("rungs", "'rungs': did you mean 'num_rungs'"),
        ("Links", "did you mean 'links'"),
        ("zzzzz", r"see help\(anneal\)"),
    ],
)
def test_an_unknown_keyword_names_the_nearest(given, said):
    with pytest.raises(TypeError, match=rf"anneal\(\) got an unexpected keyword argument '{given}'.*"):
        Both.from_keywords({given: 1}, caller="anneal")
    with pytest.raises(TypeError, match=said):
        raise TypeError(unexpected_keyword("anneal", given, options_of(Both)))


def test_options_that_a_method_does_not_use_are_named_unless_silent():
    given = Both.from_keywords(
        {"spacing": "even", "extra": {}, "seldom": True, "links": [("a", "b")]}, caller="anneal"
    )
    assert given.unnoticed_by("exact") == ["spacing"]
    assert given.unnoticed_by("mcmc") == []
    assert Both.from_keywords({"num_rungs": 4}, caller="anneal").unnoticed_by("exact") == []


def test_flags_given_as_numbers_are_recorded_as_flags():
    @dataclass(frozen=True)
    class Flags(OptionGroup):
        on: bool = option(False, "On.", check=true_or_false, recorded=True)
        unknown: bool | None = option(None, "Not yet known.", check=true_or_false, recorded=True)

    written = Flags(on=1).recorded()
    assert written["on"] is True
    assert written["unknown"] is None
    assert Flags(unknown=np.bool_(False)).recorded()["unknown"] is False
