"""The plan of a sweep: its settings, and every fit that it asks for, each named by what determines it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dag_gfn import files
from dag_gfn._version import __version__
from dag_gfn.errors import StorageError, shortened

FORMAT_VERSION = 1
PLAN = "plan.json"
FITS = "fits"
TABLES = "tables"
START_SECONDS = 10.0
"""Until workers have loaded what they need."""
_MAX_BYTES = 100_000_000
_DAMAGED = (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Setting:
    """One way to fit the table.

    Attributes
    ----------
    levels : dict
        The value of each factor that applies; None is an option's default.
    options : dict
        Of `dag_gfn.fit`, all that differ from their defaults but the seed, as JSON holds them.
    table : str
        The fingerprint of the table that it is fitted to.
    method : str
        What the fit is expected to do.
    seconds : float or None
        What one fit should take, on one core; None where that is not known before.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import Setting
    >>> Setting({"score": "bge", "prior": "fair"}, {"score": "bge", "prior": "fair"}, "0a1b", "exact", 0.2).described
    'score bge, prior fair'
    """

    levels: dict[str, Any]
    options: dict[str, Any]
    table: str
    method: str = "auto"
    seconds: float | None = None

    @property
    def described(self) -> str:
        """The levels in words."""
        return ", ".join(f"{name} {level_text(value)}" for name, value in self.levels.items())


@dataclass(frozen=True)
class PlannedFit:
    """One fit of a plan.

    Attributes
    ----------
    name : str
        16 hexadecimal digits made of all that determines the result; its folder is called so.
    setting : int
        Number of the setting.
    bootstrap : int or None
        Number of the resample of the rows; None for the rows themselves.
    seed : int

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import PlannedFit
    >>> PlannedFit("0a1b2c3d4e5f6071", setting=0, bootstrap=None, seed=0).bootstrap is None
    True
    """

    name: str
    setting: int
    bootstrap: int | None
    seed: int


@dataclass(frozen=True)
class Plan:
    """All fits of a sweep.

    Attributes
    ----------
    source : str
        Where the table came from, for people.
    table : str
        Its fingerprint, as it is read in the base setting.
    nodes : list of str
    rows : int
    factors : dict
        The values of each factor, that of the base first.
    settings : list of Setting
        The base first.
    fits : list of PlannedFit
    bootstraps : int
    bootstraps_of : {"base", "all"}
    bootstrap_seed : int
    left_out : list of dict
        Combinations (`described`) that do not go with the table, with the `reason`.
    notes : list of str
    version : str
        Of dag_gfn.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import Plan
    >>> Plan("wine", "0a1b", ["a", "b"], 178, {"score": ["bge"]}, [], []).fits
    []
    """

    source: str
    table: str
    nodes: list[str]
    rows: int
    factors: dict[str, list[Any]]
    settings: list[Setting]
    fits: list[PlannedFit]
    bootstraps: int = 0
    bootstraps_of: str = "base"
    bootstrap_seed: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: str = __version__

    @property
    def base(self) -> Setting:
        """The setting that the others are compared with."""
        return self.settings[0]

    def seconds(self, jobs: int = 1) -> float | None:
        """Return about how long all fits take on so many cores, with their start; None where that is not known."""
        each = [self.settings[fit.setting].seconds for fit in self.fits]
        known = [seconds for seconds in each if seconds is not None]
        if len(known) < len(each):
            return None
        return START_SECONDS + sum(known) / max(1, min(jobs, len(each)))

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Plan":
        """Return the plan that `to_json` wrote.

        Raises
        ------
        KeyError, TypeError
            If it holds something else.
        """
        given = {name: value for name, value in content.items() if name != "format_version"}
        given["settings"] = [Setting(**each) for each in given["settings"]]
        given["fits"] = [PlannedFit(**each) for each in given["fits"]]
        return cls(**given)


def fit_name(table: str, options: Mapping[str, Any], *, resample: tuple[int, int] | None, seed: int) -> str:
    """Return the name of a fit: a hash of its table, options, resample (seed and number), seed and dag_gfn's version.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import fit_name
    >>> one = fit_name("0a1b", {"score": "bge"}, resample=None, seed=0)
    >>> one == fit_name("0a1b", {"score": "bge"}, resample=None, seed=1), len(one)
    (False, 16)
    """
    content = [FORMAT_VERSION, __version__, table, dict(options), resample, seed]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def write_plan(plan: Plan, folder: Path) -> None:
    """Write plan.json into the folder of a sweep.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    See `read_plan`.
    """
    text = json.dumps(plan.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    files.write_text(folder / PLAN, text + "\n")


def read_plan(folder: Path) -> Plan:
    """Return the plan of a sweep.

    Raises
    ------
    StorageError
        If there is no such folder or no plan in it, or it is damaged or of another version of dag_gfn.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting, read_plan, write_plan
    >>> setting = Setting({"score": "bge"}, {"score": "bge"}, "0a1b")
    >>> plan = Plan("w", "0a1b", ["a", "b"], 9, {"score": ["bge"]}, [setting], [PlannedFit("00ff", 0, None, 0)])
    >>> write_plan(plan, Path("."))
    >>> read_plan(Path(".")) == plan
    True
    """
    path = folder / PLAN
    if not folder.is_dir():
        raise StorageError(
            f"there is no folder '{folder}': dag-gfn sweep plan TABLE --out {folder} makes one"
        )
    if not path.is_file():
        raise StorageError(
            f"'{folder}' holds no sweep (it has no {PLAN}): dag-gfn sweep plan TABLE --out FOLDER makes one"
        )
    try:
        content = json.loads(files.read_text(path, _MAX_BYTES))
        version = content["format_version"]
        if version == FORMAT_VERSION:
            plan = Plan.from_json(content)
            if all(0 <= fit.setting < len(plan.settings) for fit in plan.fits) and plan.settings:
                return plan
            raise ValueError("fits of settings that are not there")
    except _DAMAGED as error:
        raise StorageError(
            f"'{path}' is damaged ({shortened(str(error), 80)}): plan the sweep again"
        ) from error
    raise StorageError(f"'{path}' was written by another version of dag_gfn (format {version}): plan again")


def level_text(value: Any) -> str:
    """Return the value of a factor as text: None is an option's default.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import level_text
    >>> level_text(None), level_text(20.0), level_text(True), level_text("fair"), level_text(["a", "b"])
    ('default', '20', 'yes', 'fair', 'a, b')
    """
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else ", ".join(map(str, value)) or "none"
