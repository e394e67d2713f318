from dataclasses import dataclass

import numpy as np
import pytest

from dag_gfn.posterior.json_record import JsonRecord, types_of


@dataclass(frozen=True, kw_only=True)
class Inner(JsonRecord):
    share: float | None
    steps: int | None


@dataclass(frozen=True, kw_only=True)
class Outer(JsonRecord):
    name: str | None
    inner: Inner | None = None
    kinds: dict[str, float] | None = None
    note: str | None = None


FULL = {"name": "a", "share": 0.5, "steps": 3, "kinds": {"x": 1.0}, "note": "b"}


def test_keys_of_an_inner_record_stand_beside_those_of_the_outer_one():
    record = Outer(name="a", inner=Inner(share=0.5, steps=3), kinds={"x": 1.0}, note="b")
    assert record.to_json() == FULL
    assert Outer.from_json({**FULL, "another": 1}) == record


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -np.inf, np.float64("nan")])
def test_what_is_not_finite_is_none(value):
    assert Inner(share=value, steps=np.int64(2)).to_json() == {"share": None, "steps": 2}
    assert type(Inner(share=0.5, steps=np.int64(2)).steps) is int


def test_optional_fields_are_left_out_and_others_are_null():
    assert Outer(name=None).to_json() == {"name": None}


def test_what_is_missing_is_none():
    assert Outer.from_json({}) is None
    assert Outer.from_json({"steps": 3}) == Outer(name=None, inner=Inner(share=None, steps=3))
    assert Inner.from_json({"share": 1}).share == 1.0


def test_types_by_name():
    assert types_of(Outer) == {"name": str, "inner": Inner, "kinds": dict, "note": str}
