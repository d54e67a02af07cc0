"""A run's folder -> a page that can be read, sent and printed by itself."""

from ferkit.report.render import render

__all__ = ["render"]
