"""Libraries that are slow to import, or warn while they are."""

import importlib
import sys
import threading
import warnings
from types import ModuleType

_lock = threading.Lock()
_imported: set[str] = set()


def quiet_import(name: str) -> ModuleType:
    """Return a module by its dotted name; what it warns of while it is first imported is not shown.

    The filters of warnings belong to the process. Threads that changed and restored them at the same time could leave
    them changed: one thread does it at a time, and once.
    """
    with _lock:
        if name not in _imported:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
            _imported.add(name)
    return sys.modules[name]
