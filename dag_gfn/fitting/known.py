"""What is known about the graph of a dataset, by all options that say something about it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dag_gfn.data import Dataset
from dag_gfn.data.lagged_columns import rows_before
from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.fitting.knowledge_options import KnowledgeOptions
from dag_gfn.fitting.options import FitOptions
from dag_gfn.knowledge import Knowledge, ResolvedKnowledge, read_knowledge, resolve
from dag_gfn.knowledge.entries import knowledge_from


def known_of(dataset: Dataset, chosen: FitOptions) -> ResolvedKnowledge:
    """Return what the options say about the nodes of a dataset.

    Raises
    ------
    OptionError, ConstraintError
        If it cannot be read, or statements contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.known import known_of
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1))
    >>> known_of(data, FitOptions.from_keywords({"roots": ["x1"]}, caller="fit")).forbidden[:, 1].tolist()
    [True, False, True]
    """
    knowledge = knowledge_of(chosen.knowledge, dataset.nodes)
    left_out = {
        role.name: role.reason or role.role for role in dataset.roles if role.name not in dataset.names
    }
    owned = {
        column: f"it belongs to the node '{node}'" for node, columns in dataset.groups for column in columns
    }
    instantaneous = chosen.knowledge.instantaneous
    if not instantaneous and not dataset.lags:
        raise OptionError(
            "instantaneous=False (--no-instantaneous) is about tables with lags: give lags (--lags), or leave it out"
        )
    impossible = impossible_in_time(dataset, instantaneous=instantaneous) if dataset.lags else {}
    impossible |= impossible_into_contexts(dataset)
    return resolve(knowledge, dataset.nodes, left_out=left_out | owned, impossible=impossible)


def impossible_in_time(dataset: Dataset, *, instantaneous: bool) -> dict[tuple[int, int], str]:
    """Return the edges that a table with lags rules out, and why.

    The past has no causes in the graph: neither the present nor other columns of the past.

    Parameters
    ----------
    dataset : Dataset
        With lags.
    instantaneous : bool
        Whether there may be edges within the present.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.known import impossible_in_time
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)), lags=1)
    >>> sorted(impossible_in_time(data, instantaneous=True))  # edges into x0[t-1] and x1[t-1], nodes 2 and 3
    [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (3, 2)]
    """
    before, found = rows_before(dataset).tolist(), {}
    for i, row_i in enumerate(before):
        for j, row_j in enumerate(before):
            if i != j and row_j:
                found[i, j] = f"'{dataset.nodes[j]}' is the past, which has no causes in the graph"
            elif i != j and not row_i and not instantaneous:
                found[i, j] = "edges within the same time are excluded (--no-instantaneous)"
    return found


def impossible_into_contexts(dataset: Dataset) -> dict[tuple[int, int], str]:
    """Return the edges into contexts, which can only be causes, and why there are none.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.fitting.known import impossible_into_contexts
    >>> frame = pd.DataFrame({"x": [1.0, 2, 4, 3], "day": ["mo", "tu", "mo", "tu"]})
    >>> impossible_into_contexts(dag_gfn.from_frame(frame, context=["day"]))
    {(0, 1): "'day' is a context, which has no causes"}
    """
    contexts = [dataset.nodes.index(name) for name in dataset.contexts]
    reasons = {j: f"'{dataset.nodes[j]}' is a context, which has no causes" for j in contexts}
    return {(i, j): reason for j, reason in reasons.items() for i in range(len(dataset.nodes)) if i != j}


def knowledge_of(options: KnowledgeOptions, names: tuple[str, ...]) -> Knowledge:
    """Return what the options say together.

    Parameters
    ----------
    options : KnowledgeOptions
    names : tuple of str
        The variables, for objects of other libraries that speak of all of them.

    Raises
    ------
    OptionError, ConstraintError
        If an option cannot be read, or two of them do not go together.

    Examples
    --------
    >>> from dag_gfn.fitting.known import knowledge_of
    >>> from dag_gfn.fitting.knowledge_options import KnowledgeOptions
    >>> knowledge_of(KnowledgeOptions(required=[("smoking", "cancer")], roots=("age",)), ()).to_json()
    {'required': [['smoking', 'cancer']], 'roots': ['age']}
    """
    known = Knowledge() if options.knowledge is None else read_knowledge(options.knowledge, names=names)
    content: dict[str, Any] = {}
    for name in ("required", "forbidden", "required_paths", "forbidden_paths", "beliefs"):
        value = getattr(options, name)
        if isinstance(value, str | os.PathLike):
            content[name] = Path(value)
        elif value is not None:
            if name != "beliefs":
                _refuse_no_pairs(value, name)
                value = list(value)
            content[name] = value
    content |= {"tiers": options.tiers, "roots": list(options.roots), "leaves": list(options.leaves)}
    content["max_parents"] = None if options.max_parents_of is None else dict(options.max_parents_of)
    if options.forbid_within_tiers and options.tiers is not None:
        content["forbid_within_tiers"] = True
    told = {key: value for key, value in content.items() if value is not None and value != []}
    together = known.merged(knowledge_from(told))
    if options.forbid_within_tiers and not together.tiers:
        raise OptionError(
            "forbid_within_tiers (--forbid-within-tiers) needs tiers: give tiers (--tiers), or leave it out"
        )
    if options.forbid_within_tiers:
        return together.with_closed_tiers()
    return together


def _refuse_no_pairs(value: Iterable[Any], name: str) -> None:
    word = name.replace("_paths", " path")
    for each in value:
        if not isinstance(each, str) and len(each) != 2:
            raise ConstraintError(
                f"a {word}{'' if 'path' in word else ' edge'} is a pair (source, target), not {each!r}"
            )
