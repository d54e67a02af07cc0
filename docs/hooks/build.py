"""Hooks that mkdocs calls during a build: borrowed pages, and links between files as links between pages."""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.hooks.borrowed import PLACES, ROOT, relink


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages whose source is outside docs/site."""
    for source, at in PLACES.items():
        files.append(File.generated(config, at, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Translate the links of a page."""
    return relink(markdown, page.file.src_uri)
