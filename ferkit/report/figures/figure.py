"""Create figures, and save and embed them."""

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
"""Width of a figure, in inches. On a phone 390 pixels wide, 10-point text is then about 10 pixels high."""
DPI = 160

# Blue and vermilion of Okabe and Ito (2008), which colour-blind readers can distinguish.
BLUE, VERMILION = "#0072B2", "#D55E00"


@dataclass(frozen=True, slots=True)
class Picture:
    """An embedded figure.

    Attributes:
        source: A data URI.
        alternative: The alternative text, with the figure's values.
    """

    source: str
    alternative: str


def blank_figure(height: float, width: float = WIDTH) -> Figure:
    """Create a figure; sizes in inches. Without pyplot, no global state keeps it alive."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    FigureCanvasAgg(figure)
    return figure


def put_title(figure: Figure, title: str) -> None:
    """Set the figure's title, wrapped to its width."""
    figure.suptitle(textwrap.fill(title, width=int(11.5 * figure.get_figwidth())), fontsize=10)


def keep_picture(file: Path, figure: Figure, alternative: str) -> Picture:
    """Write the figure as PNG and embed it. Raises RunError if the file cannot be written."""
    buffer = io.BytesIO()
    # Without matplotlib's version in the file, equal values give equal bytes.
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    write_bytes(file, buffer.getvalue())
    return Picture(embed(buffer.getvalue(), "png"), alternative)


def embed(content: bytes, kind: str) -> str:
    """Encode the bytes of an image as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
