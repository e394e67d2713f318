import numpy as np
import pytest

from dag_gfn.effects.draw_summaries import central_interval, spread
from dag_gfn.errors import OptionError


def test_spread_of_draws():
    samples = np.arange(101.0)
    assert spread(samples) == {"mean": 50.0, "5%": 5.0, "50%": 50.0, "95%": 95.0}
    assert central_interval(samples, 0.5) == (25.0, 75.0)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5])
def test_a_level_lies_between_0_and_1(level):
    with pytest.raises(OptionError, match="level must lie between 0 and 1"):
        central_interval(np.arange(3.0), level)
