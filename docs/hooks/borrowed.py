"""Pages with a source outside docs/site, and links in the form that GitHub reads."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent.parent
SITE = "docs/site"
BORROWED = {
    "docs/evaluation.md": "evaluation.md",
    "docs/ambiguities.md": "ambiguities.md",
    "benchmarks/RESULTS.md": "results.md",
    "benchmarks/OTHER.md": "other-results.md",
    "plugins/ferkit_datasets/README.md": "datasets.md",
    "docs/architecture.md": "architecture.md",
    "docs/decisions/README.md": "decisions.md",
}
"""Path in the repository -> path in the site."""
DECISIONS = {
    f"docs/decisions/{path.name}": f"decisions/{path.name}"
    for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))
}
"""The same for the decisions, which the navigation reaches through their index."""
PLACES = BORROWED | DECISIONS
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def source_of(page: str) -> str:
    """Return the path of a page's source in the repository."""
    places = {at: source for source, at in PLACES.items()}
    return places.get(page, f"{SITE}/{page}")


def relink(markdown: str, page: str) -> str:
    """Translate links between files of the repository into links of the site.

    A link to a file that the site lacks becomes the file's name. A link to no file is not changed: the strict
    build reports it.
    """
    folder = PurePosixPath(source_of(page)).parent

    def change(found: re.Match[str]) -> str:
        text, path, anchor = found[1], found[2], found[3] or ""
        if not path or "://" in path:
            return found[0]
        target = os.path.normpath(folder / path)
        if target in PLACES:
            return f"[{text}]({_relative(PLACES[target], page)}{anchor})"
        if target.startswith(f"{SITE}/"):
            return f"[{text}]({_relative(target.removeprefix(f'{SITE}/'), page)}{anchor})"
        if (ROOT / target).exists():
            return text if text.strip("`") in (path, target) else f"{text} (`{target}`)"
        return found[0]

    return LINK.sub(change, markdown)


def _relative(target: str, page: str) -> str:
    return os.path.relpath(target, PurePosixPath(page).parent)
