import pytest

from dag_gfn.data.reading_choices import Asked, check_asked, ordinal_orders, reading_choices
from dag_gfn.errors import DataError, OptionError

NAMES = ["age", "pain", "size: cm"]


def test_missing_cells_are_an_error_only_if_nothing_is_decided():
    assert reading_choices(Asked(), NAMES, NAMES).missing == "impute"
    assert reading_choices(Asked(strict=True), NAMES, NAMES).missing == "error"
    assert reading_choices(Asked(strict=True, missing="drop"), NAMES, NAMES).missing == "drop"


def test_discrete_columns_are_kept_if_they_are_named():
    assert reading_choices(Asked(discrete=["age"]), NAMES, NAMES).keep == ("age",)
    assert reading_choices(Asked(discrete="all"), NAMES, NAMES).keep == ()


def test_orders():
    assert ordinal_orders(["pain:low < high"], NAMES) == ({"pain": ("low", "high")}, ())
    assert ordinal_orders(["size: cm"], NAMES) == ({"size: cm": ()}, ())
    assert ordinal_orders("a<b<c", NAMES) == ({}, (("a", "b", "c"),))
    assert ordinal_orders({"pain": ["x", "y"]}, NAMES) == ({"pain": ("x", "y")}, ())


@pytest.mark.parametrize("ordinal", [["pian"], ["pian:a<b"], {"pian": ["a", "b"]}])
def test_unknown_names_of_ordinal_columns(ordinal):
    with pytest.raises(DataError, match=r"--ordinal .*'pian'.*did you mean 'pain'"):
        ordinal_orders(ordinal, NAMES)


@pytest.mark.parametrize("text", ["pain:low", "pain:low<low", "low<", "pain:"])
def test_orders_have_two_labels_at_least(text):
    with pytest.raises(OptionError, match="at least 2 distinct labels"):
        ordinal_orders([text], NAMES)


def test_contradictions_and_unknown_values():
    with pytest.raises(DataError, match="'age' is named by --continuous and by --discrete"):
        reading_choices(Asked(continuous=["age"], discrete=["age"]), NAMES, NAMES)
    with pytest.raises(OptionError, match="dates is 'drop' or 'days', not 'months'"):
        check_asked(Asked(dates="months"))
    with pytest.raises(DataError, match=r"--continuous .*'agee'"):
        reading_choices(Asked(continuous=["agee"]), NAMES, NAMES)
