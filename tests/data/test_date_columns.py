import datetime

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data.date_columns import number_dates, text_dates, typed_dates

EPOCH = datetime.date(1970, 1, 1)


def days(year, month, day):
    return (datetime.date(year, month, day) - EPOCH).days


@pytest.mark.parametrize(
    "texts",
    [
        ["1988-09-23", "1990-12-06"],
        ["1988/9/23", "1990/12/6"],
        ["23.9.1988", "6.12.1990"],
        ["09/23/1988", "12/06/1990"],
        ["Sep 23, 1988", "December 6, 1990"],
        ["23-Sep-1988", "06-Dec-1990"],
        ["1988-09-23T00:00:00", "1990-12-06T00:00:00"],
    ],
)
def test_one_date_in_many_notations(texts):
    assert text_dates(texts).tolist() == [days(1988, 9, 23), days(1990, 12, 6)]


def test_months_quarters_and_clocks():
    assert text_dates(["1994 Jan", "1994 Feb"]).tolist() == [days(1994, 1, 1), days(1994, 2, 1)]
    assert text_dates(["2010 Q1", "2011 Q3"]).tolist() == [days(2010, 1, 1), days(2011, 7, 1)]
    assert text_dates(["06:00", "18:00"]).tolist() == [0.25, 0.75]


def test_a_day_beyond_12_shows_the_order():
    assert text_dates(["25/03/2001", "12/01/2002"])[0] == days(2001, 3, 25)


def test_a_tenth_may_be_no_dates():
    texts = [f"2001-03-{day:02d}" for day in range(1, 20)]
    assert np.isnan(text_dates([*texts, "unclear"])[-1])
    assert text_dates([*texts[:5], "unclear", "later"]) is None


@pytest.mark.parametrize(
    "texts", [["25-34", "35-44"], ["1984-85", "1993-94"], ["1.5.2", "3"], ["red"], [], ["1988"]]
)
def test_what_is_no_date(texts):
    assert text_dates(texts) is None


def test_dates_long_ago():
    assert text_dates(["1600-01-01", "2300-01-01"]).tolist() == [days(1600, 1, 1), days(2300, 1, 1)]


def test_numbers_that_are_dates():
    values = np.array([19880923.0, 19901206, 20010301, np.nan, 20010302, 20010303])
    assert number_dates(values)[0] == days(1988, 9, 23)
    assert np.isnan(number_dates(values)[3])
    assert number_dates(np.array([19881323.0, 19901206, 20010301, 20010302, 20010303])) is None  # month 13
    assert number_dates(np.arange(5.0)) is None


def test_columns_of_types_of_time():
    dates = pd.to_datetime(pd.Series(["1970-01-02", None]))
    np.testing.assert_array_equal(typed_dates(dates), [1, np.nan])
    np.testing.assert_array_equal(typed_dates(dates.dt.tz_localize("UTC")), [1, np.nan])
    np.testing.assert_array_equal(typed_dates(pd.Series([EPOCH, None], dtype=object)), [0, np.nan])
    periods = pd.Series(pd.period_range("1970-01", periods=2, freq="M"))
    np.testing.assert_array_equal(typed_dates(periods), [0, 31])
    np.testing.assert_array_equal(typed_dates(pd.Series(pd.to_timedelta([12, 36], unit="h"))), [0.5, 1.5])
    assert typed_dates(pd.Series([1.0, 2.0])) is None
    assert typed_dates(pd.Series(["1970-01-02"])) is None
    assert typed_dates(pd.Series([[1], [2]])) is None
