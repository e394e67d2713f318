"""Missing cells as a state of their own."""

import numpy as np

from dag_gfn.data.missing_level import missing_as_level, missing_level_note


def test_missing_cells_get_the_last_code_and_others_keep_theirs():
    codes = np.array([1.0, np.nan, 0.0, np.nan, 1.0])
    new, states = missing_as_level(codes, ("a", "b"))
    assert new.tolist() == [1.0, 2.0, 0.0, 2.0, 1.0]
    assert states == ("a", "b", "missing")
    assert np.isnan(codes[1])  # what was given is not changed


def test_a_column_without_missing_cells_stays():
    codes = np.array([1.0, 0.0])
    new, states = missing_as_level(codes, ("a", "b"))
    assert new.tolist() == [1.0, 0.0]
    assert states == ("a", "b")


def test_a_label_that_is_taken_is_not_used_twice():
    codes = np.array([0.0, 1.0, np.nan])
    assert missing_as_level(codes, ("missing", "x"))[1] == ("missing", "x", "missing (no value)")
    taken = ("missing", "missing (no value)")
    assert missing_as_level(codes, taken)[1] == (*taken, "missing (no value 2)")


def test_one_state_and_missing_cells_make_two_states():
    new, states = missing_as_level(np.array([0.0, np.nan]), ("yes",))
    assert new.tolist() == [0.0, 1.0]
    assert states == ("yes", "missing")


def test_the_note_names_columns_and_lost_orders():
    note = missing_level_note(["job", "rating"], reordered=["rating"])
    assert note.startswith("missing cells of 'job' and 'rating' are a state of their own, called 'missing'")
    assert "the levels of 'rating' then have no order" in note
    assert "whether it was recorded" in note
    assert "order" not in missing_level_note(["job"])
