import numpy as np

from dag_gfn.data.column_encoding import EncodedColumn
from dag_gfn.data.reading_notes import code_notes, reading_notes


def column(states=None, how=(), doubt="", codes=None):
    values = np.arange(len(states) if states else 3, dtype=float) if codes is None else np.array(codes, float)
    return EncodedColumn(values, states, how, doubt)


def test_a_code_is_named_once_with_its_columns_and_counts():
    codes = [{"?": 1, "-999": 2}, {}, {"?": 3}]
    assert code_notes(("a", "b", "c"), codes, ("-999",)) == (
        "took '?' in 'a' (1 cell) and 'c' (3 cells) for missing values",
        "took '-999' in 'a' (2 cells) for missing values",
    )


def test_a_code_that_was_not_found_is_named_but_not_another_spelling():
    assert code_notes(("a",), [{"-999.0": 1}], ("-999",)) == (
        "took '-999.0' in 'a' (1 cell) for missing values",
    )
    assert code_notes(("a",), [{}], ("-999",)) == (
        "no cell holds '-999', which --na-values (na_values) names",
    )


def test_plain_columns_need_no_note():
    assert reading_notes(("a", "b"), [column(), column(("no", "yes"))]) == ()


def test_a_notation_is_named_once_for_all_its_columns():
    notes = reading_notes(
        ("a", "b"), [column(how=("decimal commas", "percent signs")), column(how=("decimal commas",))]
    )
    assert notes == ("read decimal commas in 'a' and 'b'", "read percent signs in 'a'")


def test_an_ambiguous_notation_is_named_once_with_the_first_example():
    doubt = "the commas as decimal commas ({} is {}); if they are separators of thousands, write them so"
    columns = [
        column(how=("decimal commas",), doubt=doubt.format("1,234", 1.234)),
        column(how=("decimal commas",), doubt=doubt.format("5,678", 5.678)),
    ]
    assert reading_notes(("a", "b"), columns) == (f"read in 'a' and 'b' {doubt.format('1,234', 1.234)}",)


def test_states_that_do_not_occur_are_counted():
    notes = reading_notes(("a",), [column(("low", "mid", "high"), codes=[0, 2, 0])])
    assert notes == ("column 'a' declares 3 categories, 1 of which do not occur",)


def test_spellings_of_one_number_are_named():
    assert reading_notes(("a",), [column(("01", "1", "1.0", "2", "x"))]) == (
        "kept '01' and '1' and '1.0' apart as states of 'a'",
    )
