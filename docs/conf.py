"""The site: `make docs` builds it from the pages of this folder, the tutorial, the gallery and the docstrings."""

from __future__ import annotations

import re
from typing import Any

import backprop

project = "backprop"
author = "the backprop authors"
project_copyright = "the backprop authors"
version = release = backprop.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # signatures are long enough; the docstrings say what each argument is
autodoc_member_order = "bysource"
autosummary_generate = False
exclude_patterns = ["_build", "gallery/README.rst", "tutorials/README.rst"]
suppress_warnings = ["config.cache", "myst.xref_missing"]  # links to files of the repository lead there
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "backprop"
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_sidebars = {"**": []}  # the header leads to all pages; code has the room
html_theme_options = {
    "header_links_before_dropdown": 4,
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_end": [],
    "pygments_light_style": "friendly",
}
sphinx_gallery_conf = {
    "examples_dirs": ["tutorials", "gallery"],
    "gallery_dirs": ["built/tutorials", "built/gallery"],
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,  # a page that wants scripts from elsewhere
    "plot_gallery": True,
    "within_subsection_order": "FileNameSortKey",
}


def plain_stars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Stars in docstrings are Python's, as in *args, and no emphasis; those of examples stand in code."""
    code = False
    for k, line in enumerate(lines):
        code = bool(line.strip()) and (code or line.lstrip().startswith(">>> "))
        if not code:
            lines[k] = line.replace("*", r"\*")


def raises(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The section Errors is called Raises by napoleon; what stands there without a class is said of exceptions."""
    for k, line in enumerate(lines):
        if line.strip() == "Errors:":
            lines[k] = line.replace("Errors:", "Raises:")
            if k + 1 < len(lines) and not re.match(r" +[\w.]+(, [\w.]+)*: ", lines[k + 1]):
                text = lines[k + 1].lstrip()
                lines[k + 1] = f"{lines[k + 1][: -len(text)]}Exception: {text}"


def setup(app: Any) -> None:
    """Connect what changes docstrings on their way to the page: before napoleon looks for sections, and after it."""
    app.connect("autodoc-process-docstring", raises, priority=100)
    app.connect("autodoc-process-docstring", plain_stars, priority=900)
