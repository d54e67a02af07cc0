"""A table as LaTeX: escapes, bold scores, and a compilation where LaTeX is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ferkit.report.table.definition import read_definition
from ferkit.report.table.entries import make_table
from ferkit.report.table.formats import to_html, to_markdown
from ferkit.report.table.latex import escape, to_latex
from tests.report.table.test_any_runs import GOOD, HALF, write
from tests.run_folders import write_run

PDFLATEX = shutil.which("pdflatex")
SPECIAL = 'a_b & 50% #1 {x} ~ ^ \\ <y> | $ -- "q" ± [z] *'


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Two runs: 50% with a name of special characters, and 87.50%."""
    first = write(tmp_path / "a", ("loss", {"name": SPECIAL}))
    better = write(tmp_path / "b", guesses=GOOD)
    return [first, better]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 50% #1", r"a\_b \& 50\% \#1"),
        ("{x}$\\", r"\{x\}\$\textbackslash{}"),
        ("~^<>|", r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"),
        ('say "no" --set', r"say ``no'' -{}-set"),
        ("† ± –", r"\textdagger{} $\pm$ --"),
    ],
)
def test_special_characters_are_escaped(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_a_table_has_the_rules_of_booktabs_and_a_row_per_line(runs: list[Path]) -> None:
    text = to_latex(make_table(None, runs))
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert len(body.strip().splitlines()) == 2
    assert r"loss = a\_b \& 50\% \#1" in body
    assert text.count(r"\textdagger{}") == 2
    assert r"\textbf" not in text


def test_the_highest_score_of_each_column_is_bold_if_asked_for(runs: list[Path]) -> None:
    table = make_table(None, runs)
    assert to_latex(table, has_bold=True).count(r"\textbf{87.50}") == 2
    assert r"\textbf{50" not in to_latex(table, has_bold=True)
    assert to_markdown(table, has_bold=True).count("**87.50") == 2
    assert "**" not in to_markdown(table)
    assert to_html(table, has_bold=True).count("<strong>87.50</strong>") == 2


def test_markdown_escapes_what_it_would_read_as_markup(runs: list[Path]) -> None:
    line = next(line for line in to_markdown(make_table(None, runs)).splitlines() if "a_b" in line)
    assert r"&lt;y&gt; \| $" in line
    assert line.replace(r"\|", "").count("|") == 5 + 1


@pytest.mark.parametrize("label", ["[a] = 1", "* = 1"])
def test_a_row_that_opens_with_a_bracket_is_no_option_of_the_line_before(tmp_path: Path, label: str) -> None:
    table = make_table(None, [write(tmp_path / "a")])
    table.lines[0].label = label
    assert f"\n{{}}{label} & " in to_latex(table)


@pytest.mark.slow
@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", [None, "sfew"])
def test_latex_compiles_it(runs: list[Path], tmp_path: Path, name: str | None) -> None:
    folders = [write_run(tmp_path / "sfew", [HALF, HALF])] if name else runs
    table = make_table(read_definition(name) if name else None, folders)
    source = rf"""\documentclass{{article}}\usepackage{{array,booktabs}}
    \begin{{document}}{to_latex(table, has_bold=True)}\end{{document}}"""
    (tmp_path / "page.tex").write_text(source)
    command = [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
