"""The configuration of the site: ``make docs`` builds it into ``docs/_build``, without a network."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT / "overlay"), str(ROOT / "generated")]

project = "puretalk-client"
project_copyright = "The puretalk-client developers"
release = re.findall(r'"(.*)"', (ROOT / "overlay/puretalk_client/_version.py").read_text(encoding="utf-8"))[0]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.intersphinx"]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_mock_imports = ["distributed", "pyarrow", "pytest", "ray"]
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Text files in the first format of inventories, so that a diff shows their names. They hold the names that are used.
intersphinx_mapping = {"python": ("https://docs.python.org/3/", "inventories/python.inv")}
nitpick_ignore_regex = [
    # Their documentation has no inventory, or none that is needed for a single name.
    (r"py:.*", r"(httpx2?|msgspec|starlette|attrs?|pa|pyarrow|aiohttp|distributed|ray)\..*"),
    # Type variables are not documented, and these aliases and protocols are explained where they are used.
    (
        r"py:class",
        r"(.*\.)?(T|U|T_co|_Default|JSON|Missing|DriftKind|HTTPClient|RenderedCall|ListOperation|RawCalls|Layout)",
    ),
    # Annotated[datetime, ...] and a mapping in a union, as autodoc names them.
    (r"py:class", r"datetime\.Annotated|collections\.abc\.Mapping\[str"),
]

PUBLIC = (
    *("puretalk_client", "puretalk_client.export", "puretalk_client.testing", "puretalk_client.drift"),
    *("puretalk_generated", "puretalk_generated.types", "puretalk_generated.models"),
)
"""Where public names are documented."""

html_theme = "furo"
html_title = "puretalk-client"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sphinx = False
html_search_scorer = str(DOCS / "scorer.js")
html_copy_source = True
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"


def resolve_public_name(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, content: nodes.TextElement
) -> nodes.reference | None:
    """Link a type to the place where it is documented: annotations name the private module that defines it."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py":
        return None
    objects = env.domains.python_domain.objects
    last = target.rpartition(".")[2]
    if "." in target and not target.startswith(("puretalk_client.", "puretalk_generated.")):
        return None
    for package in PUBLIC:
        name = f"{package}.{last}"
        if name in objects:
            found = objects[name]
            return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, content, name)
    return None


def write_llms_txt(app: Sphinx, failure: Exception | None) -> None:
    """Write ``llms.txt``: the pages by section, each with its first sentence and a link to its Markdown."""
    if failure is not None or app.builder.name != "html":
        return
    env = app.env
    lines = [f"# {project}", "", f"> {_summary(env.get_doctree('index'))}"]
    for tree in env.get_doctree("index").findall(_is_toctree):
        lines += ["", f"## {tree['caption']}", ""]
        for _, name in tree["entries"]:
            page = f"{name}.html" if _has_docstrings(env, name) else f"_sources/{name}.md.txt"
            lines.append(f"- [{env.titles[name].astext()}]({page}): {_summary(env.get_doctree(name))}")
    (Path(app.outdir) / "llms.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _has_docstrings(env: BuildEnvironment, name: str) -> bool:
    """Whether a page gets text from docstrings, which its Markdown does not have."""
    return "{eval-rst}" in Path(env.doc2path(name)).read_text(encoding="utf-8")


def _is_toctree(node: nodes.Node) -> bool:
    return type(node).__name__ == "toctree"


def _summary(page: nodes.document) -> str:
    """Return the first sentence of a page."""
    paragraph = next((" ".join(each.astext().split()) for each in page.findall(nodes.paragraph)), "")
    return re.sub(r"(?<=[.:])(?<!e\.g\.) .*", "", paragraph).replace(":", ".")


def keep_colons(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a colon in the first line of an attribute for its type."""
    if what in {"attribute", "data", "property"}:
        lines[:0] = ["..", ""]  # an empty comment


def setup(app: Sphinx) -> None:
    """Register what is above."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)  # before napoleon
    app.connect("missing-reference", resolve_public_name)
    app.connect("build-finished", write_llms_txt)
