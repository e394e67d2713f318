"""Imports of libraries that emit warnings while they are imported."""

import importlib
import sys
import threading
import warnings
from types import ModuleType

_lock = threading.Lock()
_imported: set[str] = set()


def quiet_import(name: str) -> ModuleType:
    """Return a module by its dotted name; warnings during its first import are not shown.

    The warning filters belong to the whole process. Two threads that change and restore them at the same time could
    leave them changed. A lock lets one thread at a time do it, and only at the first import.

    Examples
    --------
    >>> from dag_gfn.quiet_import import quiet_import
    >>> quiet_import("os.path").basename("data/survey.csv")
    'survey.csv'
    """
    with _lock:
        if name not in _imported:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
            _imported.add(name)
    return sys.modules[name]
