import numpy as np

from dag_gfn.data.mixed_kinds import mixed_kinds_error

NAMES = ("height", "mass", "grade", "sex", "job")


def message(values, states, **options):
    return str(mixed_kinds_error(NAMES[: len(states)], values, states, **options))


def table(rng, n=50):
    """Return two measured columns, one of four whole numbers, and two of states."""
    states = [None, None, None, ("f", "m"), ("cook", "nurse", "clerk")]
    columns = [rng.normal(size=n), rng.normal(size=n), *(rng.integers(r, size=n) for r in (4, 2, 3))]
    return np.column_stack(columns), states


def test_both_remedies_name_the_columns_to_leave_out(rng):
    text = message(*table(rng))
    assert "'height', 'mass' and 'grade' numeric, 'sex' and 'job' discrete" in text
    assert "--drop sex,job (drop=[...]) keeps numbers" in text
    assert "--drop height,mass --discrete grade keeps categories, if the numbers are codes" in text


def test_earlier_options_are_repeated(rng):
    text = message(*table(rng), drop=["id"], discrete=["sex"])
    assert "--drop id,sex,job " in text
    assert "--drop id,height,mass --discrete sex,grade " in text


def test_a_remedy_must_leave_two_columns(rng):
    values, states = table(rng)
    text = message(values[:, 1:4], states[1:4])
    assert "keeps numbers" in text
    text = message(values[:, [0, 3]], [None, ("f", "m")])
    assert "Neither kind has two columns that vary" in text


def test_constants_and_row_numbers_do_not_count_as_numbers(rng):
    n = 50
    values = np.column_stack([np.ones(n), np.arange(n), rng.normal(size=n), rng.integers(2, size=n)])
    text = message(values, [None, None, None, ("f", "m")])
    assert "Neither kind" in text


def test_a_table_of_counts_is_recognised_first():
    values = np.array([[0, 0, 12], [0, 1, 3], [1, 0, 5], [1, 1, 20.0]])
    states = [("f", "m"), ("no", "yes"), None]
    text = str(mixed_kinds_error(("sex", "ill", "Freq"), values, states))
    assert "looks like a table of counts" in text
    assert "Keep one kind" not in text
    text = str(mixed_kinds_error(("sex", "ill", "cases_seen"), values, states))
    assert "may be a table of counts" in text
    assert "Else: Keep one kind" in text
