import json

import numpy as np
import pytest

from dag_gfn.data import data_doubts, from_array, simulate
from dag_gfn.data.doubts import Doubt


def test_the_record_is_json_without_the_warning():
    doubt = Doubt("copies", "caution", "some columns are copies", "'a' and 'b' are copies: drop one.")
    assert json.loads(json.dumps(doubt.record())) == {
        "code": "copies",
        "level": "caution",
        "verdict": "some columns are copies",
    }


@pytest.fixture
def doubtful(rng):
    a, b = rng.integers(2, size=(2, 300))
    discrete = from_array(np.column_stack([a, b, a, a ^ b]), discrete="all", strict=True)
    return [simulate(8, 10, rng=rng), discrete]


def test_every_doubt_has_a_known_level_and_one_line_of_each(doubtful):
    doubts = [doubt for data in doubtful for doubt in data_doubts(data)]
    assert {doubt.code for doubt in doubts} == {"few_rows", "copies", "functions"}
    for doubt in doubts:
        assert doubt.level in ("caution", "mild")
        assert doubt.code.isidentifier()
        for sentence in (doubt.verdict, doubt.warning):
            assert sentence
            assert "\n" not in sentence
        assert len(doubt.verdict) < len(doubt.warning)
        assert "--drop" in doubt.warning
