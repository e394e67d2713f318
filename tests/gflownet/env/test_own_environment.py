"""What docs/own_environment.md shows."""

import re
from pathlib import Path

import pytest
import torch

PAGE = Path(__file__).parents[3] / "docs" / "own_environment.md"


@pytest.mark.slow
def test_the_example_of_the_page_comes_near_the_target(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    whole = [block for block in blocks if block.startswith(("import", "from"))]
    assert len(whole) == 3
    with torch.random.fork_rng():
        exec("\n".join(whole), {})
    assert float(capsys.readouterr().out) < 0.01
