"""What people see of a posterior: on the terminal, as figures, as a report. Each is loaded when it is first used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["effect_sentences", "plots", "report", "terminal"]
)
