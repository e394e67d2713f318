"""One declaration of an option serves keywords, command line, estimator, checks and records."""

from dag_gfn.options.checks import (
    Check,
    OneOf,
    edges,
    flag_of,
    number,
    numbers,
    one_of,
    positive_seconds,
    settings,
    true_or_false,
    whole,
)
from dag_gfn.options.declaration import (
    Edges,
    Names,
    Numbers,
    Option,
    OptionGroup,
    Settings,
    option,
    options_of,
    unexpected_keyword,
)
from dag_gfn.options.keywords import describe_options, documented, signature_with, takes

__all__ = [
    "Check",
    "Edges",
    "Names",
    "Numbers",
    "OneOf",
    "Option",
    "OptionGroup",
    "Settings",
    "describe_options",
    "documented",
    "edges",
    "flag_of",
    "number",
    "numbers",
    "one_of",
    "option",
    "options_of",
    "positive_seconds",
    "settings",
    "signature_with",
    "takes",
    "true_or_false",
    "unexpected_keyword",
    "whole",
]
