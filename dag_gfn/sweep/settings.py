"""From combinations to settings: each is held against its table, and refused if they do not go together."""

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dag_gfn.data import Dataset
from dag_gfn.errors import DagGfnError, DataWarning, OptionError
from dag_gfn.fitting.inspection import Inspection, inspect_table
from dag_gfn.fitting.knowledge_options import KnowledgeOptions
from dag_gfn.fitting.known import knowledge_of
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.reading_options import ReadingOptions
from dag_gfn.options import options_of
from dag_gfn.sweep.combinations import Levels, applicable
from dag_gfn.sweep.planned_fits import Setting
from dag_gfn.sweep.tables import fingerprint

Load = Callable[[dict[str, Any]], Dataset]
"""Returns the table, read with these options of `ReadingOptions` in the place of those that it is read with else."""
SECONDS_OF_SMALL, SECONDS_OF_ANY = 0.3, 1.5
"""What an exact fit of up to 5 columns, and one of more, takes beside the recursions: searches, summaries, files."""


@dataclass
class Settings:
    """Makes settings of combinations.

    Parameters
    ----------
    load : callable
        See `Load`.
    options : dict
        Options of every fit.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep.settings import Settings
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 3)))
    >>> made = Settings(lambda reading: data, {"max_parents": 2})
    >>> made.of({"score": "bic", "prior": "fair"}).options
    {'max_parents': 2, 'prior': 'fair', 'score': 'bic'}
    >>> made.of({"score": "bdeu", "prior": "fair"})
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: ...
    """

    load: Load
    options: dict[str, Any]
    tables: dict[str, Dataset] = field(default_factory=dict)
    _read: dict[str, Dataset] = field(default_factory=dict)

    def table(self, levels: Mapping[str, Any]) -> Dataset:
        """Return the table as it is read under these levels.

        Raises
        ------
        DataError, OptionError
            If it cannot be read so, or has other variables then.
        """
        known = options_of(ReadingOptions)
        reading = {name: value for name, value in levels.items() if name in known and value is not None}
        key = json.dumps(reading, sort_keys=True, default=str)
        if key not in self._read:
            self._read[key] = self.load(reading)
        data = self._read[key]
        if reading and data.nodes != self.table({}).nodes:
            raise OptionError(
                f"read so, the variables are {', '.join(data.nodes[:6])}{', ...' if len(data.nodes) > 6 else ''}: a "
                "sweep compares the edges of the same variables"
            )
        return data

    def of(self, levels: Levels) -> Setting:
        """Return the setting of these levels.

        Raises
        ------
        DagGfnError
            If they do not go with the table, or with one another.
        """
        data = self.table(levels)
        known = options_of(FitOptions)
        chosen = {name: value for name, value in levels.items() if name in known and value is not None}
        given = applicable({**self.options, **chosen})
        options = plain({name: given[name] for name in sorted(given)})
        found = _inspected(data, options)
        name = fingerprint(data)
        self.tables[name] = data
        return Setting(dict(levels), options, name, found.method.name, _seconds(found, options))


def plain(value: Any) -> Any:
    """Return a value as JSON holds it.

    Raises
    ------
    OptionError
        If JSON cannot hold it.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.sweep.settings import plain
    >>> plain({"mean_obs": np.zeros(2), "required": (("a", "b"),)})
    {'mean_obs': [0.0, 0.0], 'required': [['a', 'b']]}
    """

    def written(other: Any) -> Any:
        if isinstance(other, np.ndarray | np.generic):
            return other.tolist()
        raise OptionError(f"an option has a value that a sweep cannot store: {other!r}")

    return json.loads(json.dumps(value, default=written))


def with_plain_knowledge(options: Mapping[str, Any], nodes: tuple[str, ...]) -> dict[str, Any]:
    """Return options in which all that is known about the graph is one mapping, read from files where it is in some.

    Raises
    ------
    OptionError, ConstraintError
        If it cannot be read, or contradicts itself.

    Examples
    --------
    >>> from dag_gfn.sweep.settings import with_plain_knowledge
    >>> with_plain_knowledge({"roots": ["a"], "required": [("a", "b")], "max_parents": 2}, ("a", "b"))
    {'max_parents': 2, 'knowledge': {'required': [['a', 'b']], 'roots': ['a']}}
    """
    names = set(options_of(KnowledgeOptions)) - {"instantaneous"}
    told = {name: value for name, value in options.items() if name in names}
    rest = {name: value for name, value in options.items() if name not in names}
    if told:
        known = knowledge_of(KnowledgeOptions(**told), nodes)
        rest["knowledge"] = plain(known.to_json())
    return rest


def _inspected(data: Dataset, options: dict[str, Any]) -> Inspection:
    try:
        chosen = FitOptions.from_keywords(options, caller="fit")
    except TypeError as error:
        raise OptionError(str(error)) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, where values overflow
        return inspect_table(data, chosen)


def _seconds(found: Inspection, options: Mapping[str, Any]) -> float | None:
    """Return about how long the fit takes on one core; None where nothing is known of it."""
    if found.method.name == "exact":
        d = len(found.dataset.nodes)
        each = found.method.exact.seconds
        if found.tables > 1:
            return SECONDS_OF_ANY + found.tables * each
        return SECONDS_OF_SMALL if d <= 5 else SECONDS_OF_ANY + each
    budget = options.get("time_budget")
    return None if budget is None else 1.1 * float(budget)


def first_reason(error: DagGfnError) -> str:
    """Return what an error says as a reason: its first sentence, without its end.

    Examples
    --------
    >>> from dag_gfn.errors import OptionError
    >>> from dag_gfn.sweep.settings import first_reason
    >>> first_reason(OptionError("score 'bdeu' is for categories: choose bge"))
    "score 'bdeu' is for categories"
    """
    return " ".join(str(error).split()).partition(": ")[0].rstrip(".")
