"""The memory of this machine, and a check of requests against it before the work begins."""

import os

from dag_gfn.errors import OptionError, shortened

_UNKNOWN = 16_000_000_000  # bytes that are assumed where the system does not tell


def installed_memory() -> int:
    """Return the memory of this machine in bytes; 16 GB if it cannot be found out.

    Examples
    --------
    >>> from dag_gfn.memory import installed_memory
    >>> installed_memory() > 10**8
    True
    """
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN
    return found if found > 0 else _UNKNOWN


def require_memory(option: str, count: int, bytes_each: int) -> None:
    """Raise `OptionError` if the requested items do not fit into the memory of this machine.

    Parameters
    ----------
    option : str
        The option that sets the number of items, as in Python (`num_samples`).
    count, bytes_each : int
        Number of items, and bytes of each.

    Raises
    ------
    OptionError
        If `count` times `bytes_each` exceeds the installed memory.

    Examples
    --------
    >>> from dag_gfn.memory import require_memory
    >>> require_memory("num_samples", 1000, 64)
    >>> try:
    ...     require_memory("num_samples", 10**15, 64)
    ... except Exception as error:
    ...     print(type(error).__name__, str(error).partition(" and this")[0])
    OptionError num_samples = 1,000,000,000,000,000 (--num-samples) would take about 64,000,000 GB of memory,
    """
    installed = installed_memory()
    most, needed = installed // bytes_each, count * bytes_each // 10**9
    if count > most:
        asked, gigabytes = (shortened(f"{number:,}", 40) for number in (count, needed))
        raise OptionError(
            f"{option} = {asked} (--{option.replace('_', '-')}) would take about {gigabytes} GB of memory, and this "
            f"machine has {installed / 1e9:,.0f} GB: choose at most {most:,}, better far fewer"
        )
