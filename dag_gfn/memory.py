"""Whether what is asked for fits into the memory of this machine, said before the work begins."""

import os

from dag_gfn.errors import OptionError

_UNKNOWN = 16_000_000_000


def installed_memory() -> int:
    """Return the bytes of memory that this machine has, or a usual number where that cannot be found out."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN
    return found if found > 0 else _UNKNOWN


def require_memory(option: str, count: int, bytes_each: int) -> None:
    """Raise `OptionError` if so many pieces of so many bytes are more than all the memory of this machine.

    Parameters
    ----------
    option : str
        The option that asks for them, as in Python (`num_samples`).
    count, bytes_each : int
    """
    installed = installed_memory()
    most, needed = installed // bytes_each, count * bytes_each
    if count > most:
        raise OptionError(
            f"{option} = {count:,} (--{option.replace('_', '-')}) would take about {needed / 1e9:,.0f} GB of memory, "
            f"and this machine has {installed / 1e9:,.0f} GB: choose at most {most:,}, better far fewer"
        )
