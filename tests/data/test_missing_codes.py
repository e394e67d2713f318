import numpy as np
import pytest

from dag_gfn.data.missing_codes import is_word, missing_texts


def missing(texts, *, is_discrete=False, na_values=()):
    flags = missing_texts(
        tuple(texts), np.ones(len(texts), dtype=int), is_discrete=is_discrete, na_values=na_values
    )
    return {text for text, flag in zip(texts, flags, strict=True) if flag}


@pytest.mark.parametrize("code", ["", "NA", "nan", "?", "*", ".", "-", "--", "n.d.", "N.A.", "#DIV/0!", "–"])
@pytest.mark.parametrize("others", [["red", "blue"], ["1.5", "2", "3"]])
@pytest.mark.parametrize("is_discrete", [False, True])
def test_signs_and_abbreviations_are_missing(code, others, is_discrete):
    assert missing([*others, code], is_discrete=is_discrete) == {code}


@pytest.mark.parametrize("word", ["None", "unknown", "Missing", "keine Angabe"])
def test_words_are_states_but_not_among_numbers(word):
    assert missing(["red", "blue", word]) == set()
    assert missing(["1", "2", "3", word]) == {word}
    assert missing(["1", "2", "3", word], is_discrete=True) == set()


def test_signs_are_states_among_signs():
    assert missing(["+", "-"]) == set()
    assert missing(["+", "-", "?"]) == {"?"}
    assert missing(["*", "**"]) == set()
    assert missing(["+", "-", ""]) == {""}


def test_codes_of_the_user():
    assert missing(["1", "-999", "2"], na_values=("-999",)) == {"-999"}
    assert missing(["1", "-999.0", "2"], na_values=("-999",)) == {"-999.0"}
    assert missing(["red", "unknown", "9"], na_values=("unknown", "9")) == {"unknown", "9"}
    assert missing(["1", "2"]) == set()


@pytest.mark.parametrize("text", ["(missing)", "[unknown]", "<no data>", "NOT_AVAILABLE", "Don't  know"])
def test_words_in_brackets_and_other_spellings(text):
    assert is_word(text)
    assert not is_word(f"{text} really")
