"""The options that say what is known about the graph."""

# ruff: noqa: RUF009  # option() makes a field

from dataclasses import dataclass

from dag_gfn.options import (
    Beliefs,
    Edges,
    Names,
    OptionGroup,
    Settings,
    Tiers,
    Told,
    edges,
    option,
    settings,
    true_or_false,
)


@dataclass(frozen=True)
class KnowledgeOptions(OptionGroup, panel="Knowledge"):
    """What is known about the graph. Names may hold the wildcards ``*`` and ``?``.

    Examples
    --------
    >>> from dag_gfn.fitting.knowledge_options import KnowledgeOptions
    >>> KnowledgeOptions(required=[("smoking", "cancer")]).values()["roots"]
    ()
    """

    knowledge: Told | None = option(
        None,
        "File of what is known about the graph: YAML, JSON, Tetrad.",
        details="Or a mapping, a `dag_gfn.Knowledge`, an ``ExpertKnowledge`` of pgmpy, or a ``BackgroundKnowledge`` of "
        "causal-learn. docs/knowledge.md says what it may hold. The other options of this group add to it.",
        metavar="FILE",
    )
    required: Edges = option(
        (), "Edge in every graph.", details="Or the path of a CSV file (from, to).", check=edges, first=True
    )
    forbidden: Edges = option(
        (), "Edge in no graph.", details="Or the path of a CSV file (from, to).", check=edges, first=True
    )
    tiers: Tiers | None = option(
        None,
        "Order of the variables, as age,sex < smoking < cancer.",
        details="No edge leads from a later tier to an earlier one. Variables in no tier are free.",
    )
    forbid_within_tiers: bool = option(False, "No edges within a tier either.", check=true_or_false)
    roots: Names = option((), "Variables without parents.")
    leaves: Names = option((), "Variables without children.")
    max_parents_of: Settings | None = option(
        None,
        "Largest number of parents of a variable, as cancer=3.",
        check=settings,
        metavar="NAME=K",
    )
    beliefs: Beliefs | None = option(
        None,
        "CSV of beliefs in edges: from, to, probability.",
        details="A belief p multiplies the prior odds of an edge by p / (1 - p): one half says nothing.",
        metavar="FILE",
    )
    instantaneous: bool = option(
        True,
        "With lags: edges among variables at the same time.",
        details="Without them, all causes of the present are in the past.",
        check=true_or_false,
    )
    required_paths: Edges = option(
        (),
        "Path, direct or not, in every graph.",
        details="The posterior is conditioned on it after the fit.",
        check=edges,
    )
    forbidden_paths: Edges = option(
        (),
        "Path, direct or not, in no graph.",
        details="The posterior is conditioned on it after the fit.",
        check=edges,
    )
