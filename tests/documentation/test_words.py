"""Pages, docstrings, help texts and messages use one word for one thing (docs/glossary)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documentation.words import (
    EXCEPTIONS,
    Exempted,
    Text,
    clauses,
    code_texts,
    find,
    modules,
    page_texts,
    pages,
)


@pytest.mark.parametrize("texts", [(page_texts, pages), (code_texts, modules)], ids=["pages", "code"])
def test_no_text_uses_a_word_that_the_glossary_replaces(texts: tuple) -> None:  # type: ignore[type-arg]
    read, files = texts
    found = [str(finding) for path in files() for text in read(path) for finding in find(text)]
    assert found == []


def test_no_docstring_opens_with_a_clause() -> None:
    found = [f"{text.path}:{text.line}: {text.text}" for path in modules() for text in clauses(path)]
    assert found == []


@pytest.mark.parametrize(
    "sentence",
    [
        "{path} lies in the cache",
        "the run goes on with epoch 3",
        "3 photographs are of no part, and unused",
        "the share of faces",
        "two pictures",
        "a recipe's faults are told",
        "the fold's trunk",
    ],
)
def test_a_word_that_is_put_in_is_found(sentence: str) -> None:
    assert list(find(Text("made_up.py", 1, sentence)))


@pytest.mark.parametrize("sentence", ["3 images have no split", "a standalone part of the code", "underlies"])
def test_other_words_pass(sentence: str) -> None:
    assert not list(find(Text("made_up.py", 1, sentence)))


@pytest.mark.parametrize("exception", EXCEPTIONS, ids=str)
def test_an_exception_has_a_reason_and_is_still_needed(exception: Exempted) -> None:
    assert exception.reason
    assert any(path.as_posix().endswith(exception.file) for path in [*pages(), *modules()])


def test_a_docstring_that_opens_with_a_clause_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.documentation.words.ROOT", tmp_path)
    (tmp_path / "module.py").write_text('"""What it does."""\n')
    assert [text.text for text in clauses(tmp_path / "module.py")] == ["What it does."]
