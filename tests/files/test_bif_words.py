import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.files import bif_words


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("age_2", "age_2"),
        ("größe", "größe"),
        ("年龄", "年龄"),
        ("हिन्दी", "हिन्दी"),
        ("gro\u0308ße", "gro\u0308ße"),
        ("1st visit", "1st_visit"),
        ("性别 (M/F)", "性别__M_F_"),
        ("<50", "lt_50"),
        (">= 50", "ge_50"),
        ("a<b", "a_lt_b"),
        ("≤5", "le_5"),
        ("vegetable3", "vegetable_3"),
        ("😀", "_"),
        ("", "_"),
    ],
)
def test_words(name, word):
    assert bif_words([name]) == (word,)


def test_words_are_told_apart():
    assert bif_words(["a b", "a-b", "a_b", "a_b_2"]) == ("a_b_3", "a_b_4", "a_b", "a_b_2")
    assert bif_words(["Age", "age"]) == ("Age", "age")
    assert bif_words(["Age", "age", "AGE_2"], ignore_case=True) == ("Age", "age_2", "AGE_2_2")


@given(st.lists(st.text("aA_é年 -<=2", max_size=4), unique=True, max_size=8), st.booleans())
def test_words_are_unique_and_made_of_letters_and_digits(names, ignore_case):
    words = bif_words(names, ignore_case=ignore_case)
    assert len({word.lower() if ignore_case else word for word in words}) == len(names)
    assert all(c.isalnum() or c == "_" for word in words for c in word)
    if not ignore_case:
        assert all(
            word == name
            for name, word in zip(names, words, strict=True)
            if set(name) <= set("aA_é年2") and name
        )
