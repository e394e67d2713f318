import pytest

from dag_gfn.errors import OptionError
from dag_gfn.fitting.site_options import CombineOptions


def test_parameters_are_shared_or_own():
    assert CombineOptions.from_keywords({}, caller="combine").sites.parameters == "shared"
    with pytest.raises(OptionError, match="unknown parameters 'mine': choose shared, own"):
        CombineOptions.from_keywords({"parameters": "mine"}, caller="combine")
    with pytest.raises(TypeError, match="num_samples"):
        CombineOptions.from_keywords({"num_sample": 3}, caller="combine")
