import pytest

from dag_gfn.data.unit_text import without_unit


@pytest.mark.parametrize(
    ("texts", "numbers", "unit"),
    [
        (["12 kg", "13.5kg", "14"], ["12", "13.5", "14"], "kg"),
        (["1 hour", "2 hours"], ["1", "2"], "hours"),
        (["5g", "6g"], ["5", "6"], "g"),
        (["1,200 m", "3 m"], ["1,200", "3"], "m"),
    ],
)
def test_one_unit(texts, numbers, unit):
    assert without_unit(texts) == (numbers, unit)


@pytest.mark.parametrize(
    "texts",
    [
        ["12 kg", "13 lb"],
        ["12A", "13A"],
        ["1st", "2nd"],
        ["4th", "5th"],
        ["1", "2"],
        ["12 kg", "1", "2", "3"],
        ["12 kg", "x"],
    ],
)
def test_no_unit(texts):
    assert without_unit(texts) is None
