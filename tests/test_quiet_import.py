import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from dag_gfn.quiet_import import quiet_import


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """A module that warns while it is imported."""
    (tmp_path / "a_noisy_module.py").write_text("import warnings\nwarnings.warn('old')\nvalue = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "a_noisy_module"
    sys.modules.pop("a_noisy_module", None)


def test_threads_get_the_module_without_its_warnings_and_filters_stay(noisy):
    filters = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:  # a warning would be an error here
        assert [module.value for module in pool.map(quiet_import, [noisy] * 4)] == [3] * 4
    assert warnings.filters == filters


def test_a_module_that_is_not_there():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        quiet_import("no_such_module")
