"""The words that the project does not use: each is found where it is planted, and none is in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs import vocabulary

PLANTED = {
    "The server's answer is cached.": "answer",
    "A reply without a body.": "reply",
    "Each method call takes a timeout.": "method call",
    "Requests that are under way end first.": "under way",
    "A value strays from the spec.": "strays",
    "It is tried again twice.": "tried again",
    "A failure that may pass is retried.": "that may pass",
    "A lent client stays open.": "lent",
    "The decoder mends the text.": "mends",
    "The body is damaged.": "damaged",
    "It prints a remark.": "remark",
    "The handler is told the path.": "told",
    "Another id than the one asked for.": "asked for",
    "A shared cool-down follows.": "cool-down",
    "Success gives back a token.": "gives back",
    "It lists the to-dos.": "to-dos",
    "The attribute got_type is a name.": "got_type",
    "It raises WrongCallError then.": "WrongCallError",
    "It raises RecordingError then.": "RecordingError",
    "See the folder spec_tools there.": "spec_tools",
    "The text is no URL.": "is no URL",
    "A field may so hold a list.": "may so",
    "What is optional may be left out.": "What is",
}
"""A sentence for each term, in the order of the terms, and the words that are found in it."""

ALLOWED = """\
The field `answered_by` holds "human" or an answering machine; a status can be "no answer".
There is no third state. It is no longer open, and there was no match. Try again later.
The client recommends, and the tender is amended. Retold. Calls in progress. What is a sandbox?
It says what is missing. It may, so that it can, do this.
"""


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("page.md", "{}\n"),
        ("fixes.yaml", "# {}\nkey: 1\n"),
        ("Makefile", "all: ## {}\n"),
        ("model.py.jinja", "{{# {} #}}\n"),
        ("docstring.py", '"""{}"""\n'),
        ("comment.py", "x = 1  # {}\n"),
        ("message.py", 'raise ValueError("{}")\n'),
        ("f_string.py", 'x = 1\nprint(f"{{x}}: {} {{x}}")\n'),
    ],
)
def test_planted_words_are_found(name: str, form: str, tmp_path: Path) -> None:
    """In prose of every kind, each sentence gives the words in it, the line and something to write instead."""
    for sentence, words in PLANTED.items():
        file = tmp_path / name
        file.write_text("\n\n" + form.format(sentence), encoding="utf-8")
        (found,) = vocabulary.findings([file], tmp_path)
        assert (found.path, found.words) == (name, words)
        assert found.line >= 3
        assert found.instead


def test_every_term_has_a_sentence() -> None:
    """No term is without a sentence that shows that it finds something."""
    for term, sentence in zip(vocabulary.TERMS, PLANTED, strict=True):
        assert term.pattern.search(sentence), term


def test_phrases_are_found_across_lines(tmp_path: Path) -> None:
    """A line break within a phrase hides it neither in Markdown nor in a docstring nor in a comment."""
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text("It is\nno URL.\n", encoding="utf-8")
    module.write_text('def f():\n    """One.\n\n    It is\n    no URL.\n    """\n    # It is\n    # no URL.\n')
    found = vocabulary.findings([page, module], tmp_path)
    assert [str(finding).partition(" -> ")[0] for finding in found] == [
        "module.py:4: is no URL",
        "module.py:7: is no URL",
        "page.md:1: is no URL",
    ]


def test_other_words_are_not_found(tmp_path: Path) -> None:
    """Telephony, English idiom, code and identifiers stay."""
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text(ALLOWED, encoding="utf-8")
    module.write_text('answer = {"answer": f"{answer} {mend:told}"}\n', encoding="utf-8")
    assert vocabulary.findings([page, module], tmp_path) == []


def test_the_repository_has_none() -> None:
    """``make lint`` finds nothing, in more than a hundred files."""
    files = list(vocabulary.prose_files(vocabulary.ROOT))
    names = {file.relative_to(vocabulary.ROOT).as_posix() for file in files}
    assert len(files) > 100
    assert names >= {"README.md", "Makefile", "pyproject.toml", "overlay/spec-fixes.yaml"}
    assert not any(name.startswith(("generated/", ".venv")) for name in names)
    assert list(map(str, vocabulary.findings(files, vocabulary.ROOT))) == []


def test_the_program_prints_findings_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m tests.docs.vocabulary`` exits with 1 where it finds something, and with 0 where it does not."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("\nA stray.\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("Clean.\n", encoding="utf-8")
    monkeypatch.setattr(vocabulary, "ROOT", tmp_path)
    assert vocabulary.main([]) == 1
    assert capsys.readouterr().out.startswith("docs/page.md:2: stray -> ")
    assert vocabulary.main([str(tmp_path / "README.md")]) == 0
    assert capsys.readouterr().out == ""
