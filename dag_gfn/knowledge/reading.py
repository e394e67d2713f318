"""Knowledge from wherever it is: files of several formats, mappings, and objects of other libraries."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.knowledge.entries import knowledge_from
from dag_gfn.knowledge.knowledge import Knowledge
from dag_gfn.knowledge.knowledge_file import parse_knowledge
from dag_gfn.knowledge.other_libraries import from_object
from dag_gfn.knowledge.tetrad import is_tetrad, parse_tetrad


def read_knowledge(source: Any, *, names: Sequence[str] = ()) -> Knowledge:
    """Return the knowledge in a file, a mapping, or an object of another library.

    Parameters
    ----------
    source : path, mapping, Knowledge, or object
        A file in YAML or JSON (docs/knowledge.md says what it holds) or of Tetrad; a mapping of the same content;
        ``ExpertKnowledge`` of pgmpy; ``BackgroundKnowledge`` of causal-learn.
    names : sequence of str, optional
        The variables, for regular expressions of causal-learn and the search space of pgmpy.

    Raises
    ------
    OptionError
        If it cannot be read. The message has the key, and the line where there is one.

    Examples
    --------
    >>> import dag_gfn
    >>> dag_gfn.read_knowledge({"roots": ["age"], "forbidden": ["cancer -> smoking"]})
    ... # doctest: +ELLIPSIS
    Knowledge(required=(), forbidden=(('cancer', 'smoking'),), tiers=(), closed_tiers=(), roots=('age',), ...
    """
    if isinstance(source, Knowledge):
        return source
    if isinstance(source, Mapping):
        return knowledge_from(source)
    if not isinstance(source, str | os.PathLike):
        return from_object(source, names)
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise OptionError(
            f"knowledge '{path}' cannot be read ({why}): expected a YAML or JSON file"
        ) from error
    if is_tetrad(text):
        return parse_tetrad(text, path.name)
    return parse_knowledge(text, path.name, path.parent)
