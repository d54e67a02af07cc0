"""The words that ferkit does not use, and where they stand in its pages, docstrings, help texts and messages.

`python -m tests.documentation.words [FILE ...]` lists them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

WORDS = {
    r"photographs?": "image",
    r"pictures?": "image",
    r"faults?": "error, problem",
    r"remed(y|ies)": "hint",
    r"mend(s|ed|ing)?": "fix",
    r"notices?": "warning",
    r"cell \d|--cell": "fold",
    r"watch(es|ed|ing)?": "monitor, validation",
    r"--reading|epoch readings?": "epoch selection",
    r"near twins?": "near duplicates",
    r"copies of (an|one) (image|face)": "duplicates",
    r"(copies|duplicates)\W+leave_out": "drop",
    r"trunks?": "backbone",
    r"(a|the) shares? (of|that)": "fraction",
    r"(no|of|which|whose|its|their) part(?=[,.:;]| and )": "split",
    r"facts?": "check",
    r"mean class recall": "UAR (balanced accuracy)",
    r"beg[iau]ns?( |\n)with|begun with": "initialised from, starts with",
    r"(goes|go|going|gone|went) on": "continue, resume",
    r"ferkit's own": "bundled, built-in",
    r"ferkit brings": "bundled, built-in",
    r"--anyway": "--force",
    r"tells?|told|telling": "say, print, report, distinguish",
    r"lies?|lay|lain": "is",
    r"stands?|stood": "is",
    r"whoever": "who",
    r"beside": "next to, also",
    r"so many": "how many, N",
    r"what came": "got",
    r"(is|are|was|were) of(?! the (form|kind|type))": "has, belongs to",
}
"""Patterns of the words -> what to write."""


@dataclass(frozen=True)
class Exempted:
    """A word that may stay. file: what the file's path ends with. near: text of the sentence it stands in."""

    file: str
    near: str
    reason: str


EXCEPTIONS: tuple[Exempted, ...] = (
    Exempted("docs/architecture.md", "`cells/` and `notices`", "names of files that earlier versions wrote"),
    Exempted("ferkit/bench/record.py", "facts: Further results", "a key of the record's file"),
    Exempted("default.safetensors.card.md", "copies = ", "an option of earlier versions"),
    Exempted("ferkit/report/images.html", "folds/*/pictures/", "name of a folder of a run"),
    Exempted("CHANGELOG.md", "is now", "names of earlier versions"),
    Exempted("ferkit/evaluation/run_files.py", "copies = ", "an option of earlier versions"),
    Exempted("ferkit/experiment/finetune/plan.py", "told: Lines", "name of a field of FinetunePlan"),
    Exempted("ferkit/interfaces/values.py", "pictures: Name to", "name of a field of Epoch"),
    Exempted("reference/plugin.md", "pictures", "name of a field of Epoch"),
    Exempted("reference/testing.md", "told", "name of a field of Outcome"),
    Exempted("ferkit/testing/outcome.py", "told: Reason", "name of a field of Outcome"),
    Exempted("ferkit/predict/model/load.py", "told: A sentence that names the model", "name of an attribute"),
)


@dataclass(frozen=True)
class Text:
    """A page's line, or a string of the code. path: from the project's root."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Finding:
    """A word in a text."""

    text: Text
    word: str
    instead: str

    def __str__(self) -> str:
        place = self.text.text.find(self.word)
        around = " ".join(self.text.text[max(0, place - 40) : place + 60].split())
        return f"{self.text.path}:{self.text.line}: {self.word!r} (write: {self.instead}): {around}"


def page_texts(path: Path) -> Iterator[Text]:
    """The lines of a page; of a template without its code and markup."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line if path.suffix == ".md" else re.sub(r"\{\{.*?\}\}|\{%.*?%\}|<[^>]*>", "", line)
        yield Text(path.relative_to(ROOT).as_posix(), number, text)


def code_texts(path: Path) -> Iterator[Text]:
    """The strings of a module that have a space, so docstrings, help texts and messages."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Text(path.relative_to(ROOT).as_posix(), node.lineno, node.value)


def find(text: Text) -> Iterator[Finding]:
    """The words in a text, but for the exceptions."""
    for pattern, instead in WORDS.items():
        for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", text.text, re.I):
            if not any(text.path.endswith(e.file) and e.near in text.text for e in EXCEPTIONS):
                yield Finding(text, match[0], instead)


def pages() -> list[Path]:
    """Every page of the project, and the templates of cards and reports."""
    folders = ("docs", "plugins", "recipes", "benchmarks", ".github", "ferkit")
    suffixes = (".md", ".jinja", ".html")
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*")))
    return [*ROOT.glob("*.md"), *(file for file in files if file.suffix in suffixes)]


def modules() -> list[Path]:
    """Every module whose strings a user can meet."""
    return [
        path
        for folder in ("ferkit", "plugins", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def docstring_openings(path: Path) -> Iterator[Text]:
    """The first lines of a module's docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                line = getattr(node, "lineno", 1)
                yield Text(path.relative_to(ROOT).as_posix(), line, docstring.splitlines()[0])


def clauses(path: Path) -> Iterator[Text]:
    """The docstrings' first lines that are a clause instead of an imperative or a noun phrase."""
    for text in docstring_openings(path):
        if re.match(r"(What|Whether|Of|Which|How|That|Where|Who|When)\b", text.text):
            yield text


def main(names: list[str]) -> None:
    """Print the findings, of some files or of all."""
    paths = [Path(name).resolve() for name in names] or [*pages(), *modules()]
    for path in paths:
        texts = code_texts(path) if path.suffix == ".py" else page_texts(path)
        for text in texts:
            for finding in find(text):
                print(finding)
        if path.suffix == ".py":
            for text in clauses(path):
                print(f"{text.path}:{text.line}: begins with a clause: {text.text}")


if __name__ == "__main__":
    main(sys.argv[1:])
