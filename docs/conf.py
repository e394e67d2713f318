"""The documentation site, made by Sphinx: `make site` builds it into build/site."""

import sys
from pathlib import Path

import dag_gfn

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "dag_gfn"
author = "The dag_gfn authors"
copyright = author
version = release = dag_gfn.__version__

extensions = [
    "myst_nb",  # pages in Markdown, and notebooks, which are executed
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "offline_math",
    "outside_pages",
    "command_page",
]
exclude_patterns = ["_templates", "_extensions"]
templates_path = ["_templates"]

# The API
autosummary_generate = True
autosummary_ignore_module_all = (
    False  # what a module lists as its own, also where a file within it defines it
)
autodoc_typehints = "none"  # docstrings have them
autosummary_context = {"top_level": dag_gfn.__all__}
autodoc_default_options = {
    "members": True,
    "undoc-members": False,
    "exclude-members": "set_fit_request, set_score_request",  # made by scikit-learn, with its own references
}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Pages
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = f"dag_gfn {release}"
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": True,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
}
