"""Figures as the page embeds them, and as files beside it."""

from __future__ import annotations

import base64
import io
import textwrap
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ferkit.runtime.atomic_write import write_bytes

WIDTH = 5.2
"""Inches. On a telephone 390 pixels wide, letters of 10 points are then about 10 pixels high."""
DPI = 160

# Blue and vermilion of Okabe and Ito (2008), told apart by colour-blind readers too.
BLUE, VERMILION = "#0072B2", "#D55E00"


@dataclass(frozen=True, slots=True)
class Picture:
    """source: a data URI; alternative: what it shows in words, with its numbers."""

    source: str
    alternative: str


def blank_figure(height: float, width: float = WIDTH) -> Figure:
    """Sizes in inches. No pyplot: nothing is kept anywhere once the figure is let go."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    FigureCanvasAgg(figure)
    return figure


def put_title(figure: Figure, title: str) -> None:
    """Over the whole figure, on as many lines as its width takes."""
    figure.suptitle(textwrap.fill(title, width=int(11.5 * figure.get_figwidth())), fontsize=10)


def keep_picture(file: Path, figure: Figure, alternative: str) -> Picture:
    """Write the figure as a PNG, and give it for the page. Raises RunError where it can't be written."""
    buffer = io.BytesIO()
    # Without the version of matplotlib in it, the same numbers give the same bytes.
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    write_bytes(file, buffer.getvalue())
    return Picture(embed(buffer.getvalue(), "png"), alternative)


def embed(content: bytes, kind: str) -> str:
    """An image's bytes as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
