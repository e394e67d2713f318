"""Which causal graphs does my data support, and how sure can I be?

Names are loaded when they are first used (PEP 562): `__init__.pyi` lists them and where each is defined.
"""

import logging

import lazy_loader

from dag_gfn._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless the user asks for messages
