"""Knowledge files in YAML or JSON, with the line of every entry."""

import json
from pathlib import Path
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.knowledge.entries import Source, knowledge_from
from dag_gfn.knowledge.knowledge import Knowledge


def parse_knowledge(text: str, name: str, folder: Path) -> Knowledge:
    """Return the knowledge in the text of a YAML or JSON file.

    Words stay words: a variable may be called ``no``, ``on`` or ``1``.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for messages.
    folder : Path
        Where files that it names are looked for.

    Raises
    ------
    OptionError
        If it cannot be read; the message has the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.knowledge.knowledge_file import parse_knowledge
    >>> known = parse_knowledge("required:\\n  - smoking -> cancer\\n", "known.yaml", Path())
    >>> known.required, known.place("required", 0)
    ((('smoking', 'cancer'),), 'known.yaml, line 2: ')
    """
    import yaml  # what most fits do without

    is_json = text.lstrip().startswith("{")
    if is_json:
        try:
            json.loads(text, object_pairs_hook=_distinct(name))
        except json.JSONDecodeError as error:
            raise OptionError(f"{name}, line {error.lineno}: it is no JSON: {error.msg}") from error
        text = text.replace("\t", " ")  # none is within a text there, and YAML forbids them
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = name if mark is None else f"{name}, line {mark.line + 1}"
        raise OptionError(f"{place}: it is no YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise OptionError(f"{name}: it is no YAML: {' '.join(str(error).split())}") from error
    if node is None:
        return Knowledge()
    lines: dict[str, int] = {}
    content = _plain(node, "", lines, name)
    return knowledge_from(content, Source(name, lines, folder))


def _plain(node: Any, path: str, lines: dict[str, int], name: str) -> Any:
    """Return what a node of YAML holds, all values as texts, and fill in the lines."""
    lines.setdefault(path, node.start_mark.line + 1)
    if node.id == "sequence":
        return [_plain(item, f"{path}[{k}]", lines, name) for k, item in enumerate(node.value)]
    if node.id == "scalar":
        return node.value.encode("utf-16", "surrogatepass").decode("utf-16")  # pairs of escapes in JSON
    found: dict[Any, Any] = {}
    for k, (key, value) in enumerate(node.value):
        if key.id != "scalar":
            raise OptionError(f"{name}, line {key.start_mark.line + 1}: expected a word before the colon")
        word = key.value
        if word in found:
            raise OptionError(
                f"{name}, line {key.start_mark.line + 1}: '{word}' is there twice: join the two"
            )
        below = f"{path}[{word}]" if path else word
        lines[below] = lines[f"{path}[{k}]"] = key.start_mark.line + 1
        found[word] = _plain(value, below, lines, name)
    return found


def _distinct(name: str) -> Any:
    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise OptionError(f"{name}: '{key}' is there twice: join the two")
        return dict(pairs)

    return check
