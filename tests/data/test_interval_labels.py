import pytest

from dag_gfn.data.interval_labels import interval

INF = float("inf")


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("25-34", (25, 34)),
        ("25 – 34", (25, 34)),
        ("[1,2)", (1, 2)),
        ("(0.5, 10]", (0.5, 10)),
        ("10,000-19,999", (10_000, 19_999)),
        ("$10k to $20k", (10_000, 20_000)),
        ("10-20k", (10_000, 20_000)),
        ("75+", (75, INF)),
        ("12+ yrs", (12, INF)),
        (">= 65", (65, INF)),
        ("65 and over", (65, INF)),
        ("more than 3", (3, INF)),
        ("1935-", (1935, INF)),
        ("<1", (-INF, 1)),
        ("≤ 5 mg", (-INF, 5)),
        ("4 or less hours", (-INF, 4)),
        ("7 hours", (7, 7)),
        ("-5", (-5, -5)),
    ],
)
def test_intervals(text, bounds):
    assert interval(text) == bounds


@pytest.mark.parametrize("text", ["", "x", "E3", "15?", "34-25", "1990-06-12", "1-2-3", "+", "-", "high"])
def test_what_is_no_interval(text):
    assert interval(text) is None
