import pytest

from dag_gfn.errors import OptionError
from dag_gfn.sweep.grid import NOT_VARIED, read_grid, values_of, varied_options


def test_text_of_the_command_line_becomes_values():
    assert values_of("alpha_w", "default,20,4.5") == [None, 20, 4.5]
    assert values_of("standardize", "true,false,true") == [True, False]
    assert values_of("max_parents", 3) == [3]
    assert values_of("discrete", [["a"], ["a", "b"]]) == [["a"], ["a", "b"]]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("alpha_x", "1", "no option of fit: did you mean 'alpha_w'"),
        ("qqqqqq", "1", "no option of fit: dag-gfn fit --help"),
        ("score", "bge", "use scores"),
        ("seed", "1,2", "use seeds"),
        ("alpha_w", "", "without a value"),
        ("alpha_w", [], "without a value"),
        ("alpha_w", "high", "must be a number"),
        ("margins", "ranks", "unknown margins 'ranks'"),
    ],
)
def test_what_is_no_option_or_no_value(name, given, said):
    with pytest.raises(OptionError, match=said):
        values_of(name, given)


def test_every_option_of_a_fit_is_varied_or_has_a_reason_why_not():
    assert not set(varied_options()) & set(NOT_VARIED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no grid in it"),
        ("- bge", "has no grid in it"),
        ("scores: [bge", "cannot be read"),
        ("scorse: [bge]", "did you mean 'scores'"),
        ("qqqqqq: 1", "expected scores"),
    ],
)
def test_files_that_hold_no_grid(tmp_path, text, said):
    (tmp_path / "grid.yaml").write_text(text)
    with pytest.raises(OptionError, match=said) as told:
        read_grid(tmp_path / "grid.yaml")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OptionError, match="there is no grid file"):
        read_grid(tmp_path / "grid.yaml")
    with pytest.raises(OptionError, match="cannot be read"):
        read_grid(tmp_path)
