"""Render a run folder as one self-contained HTML page."""

from ferkit.report.render import render

__all__ = ["render"]
