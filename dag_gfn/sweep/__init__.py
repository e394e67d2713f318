"""How far the answer depends on choices: many fits of one table, planned, run anywhere, and collected."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
