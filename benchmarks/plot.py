"""Draws the panels: the only module that needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

from benchmarks.panels import Line, Panel

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which the colour-blind can tell apart."""

_WIDTH, _HEIGHT = 9.5, 5.2
_FEW_DECADES = 10**2.7
_REFERENCE = "#777777"
_MARKERS = ("o", "s", "^", "D", "v", "X")
_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))

_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "manualgrad",  # the same numbers give the same file
    "svg.fonttype": "path",  # the labels look the same wherever they are read
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.columnspacing": 1.2,
}


def svg(panels: Sequence[Panel]) -> str:
    """Return the plot: two panels in a row."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    rows = [panels[at : at + 2] for at in range(0, len(panels), 2)]
    size = (_WIDTH, len(rows) * _HEIGHT)
    with matplotlib.rc_context(_SETTINGS):
        figure = pyplot.figure(figsize=size)
        for row, pair in enumerate(rows):
            for column, panel in enumerate(pair):
                left, bottom, width, height = _place(panel, row, column, len(rows))
                place = (left / size[0], bottom / size[1], width / size[0], height / size[1])
                _draw(figure.add_axes(place), panel, first=column == 0)
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _place(panel: Panel, row: int, column: int, rows: int) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of a panel, in inches.

    Each has its place: a layout that is solved for differs in its last bits from run to run.
    """
    left, gap = (2.75, 0.35) if panel.names else (0.75, 0.85)
    width = (_WIDTH - left - gap - 0.15) / 2
    return left + column * (width + gap), (rows - row - 1) * _HEIGHT + 1.4, width, _HEIGHT - 1.8


def _draw(axes: Any, panel: Panel, *, first: bool) -> None:
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.set_xscale("log")
    axes.set_axisbelow(True)
    for line in panel.lines:
        _draw_line(axes, line, along_x=bool(panel.names))
    if panel.names:
        axes.set_yticks(range(len(panel.names)), panel.names if first else [""] * len(panel.names))
        axes.invert_yaxis()
    else:
        axes.set_yscale("log")
        _label(axes.yaxis)
    _label(axes.xaxis)
    if panel.level:
        value, name = panel.level
        draw = axes.axvline if panel.names else axes.axhline
        draw(value, color="black", linewidth=1, linestyle=(0, (4, 2)), label=name)
    side, end = ("left", -0.05) if first else ("right", 1.03)
    axes.legend(
        loc=f"upper {side}", bbox_to_anchor=(end, -0.12), ncols=4 if panel.names else 2
    )  # fmt: skip


def _label(axis: Any) -> None:
    """Label whole decades, and 2 and 5 times those if there are few of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    least, most = axis.get_view_interval()
    few = most / least < _FEW_DECADES
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=12))
    axis.set_minor_formatter(NullFormatter())
    if few:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_line(axes: Any, line: Line, *, along_x: bool) -> None:
    reference = line.colour < 0
    x, y = [mark.x for mark in line.marks], [mark.y for mark in line.marks]
    middle = x if along_x else y
    # A rate over all cases may lie outside the quartiles of single ones.
    below = [max(0.0, m - mark.low) for m, mark in zip(middle, line.marks, strict=True)]
    above = [max(0.0, mark.high - m) for m, mark in zip(middle, line.marks, strict=True)]
    axes.errorbar(
        x,
        y,
        **{"xerr" if along_x else "yerr": None if reference else [below, above]},
        label=line.label,
        color=_REFERENCE if reference else _COLOURS[line.colour],
        marker="" if reference else _MARKERS[line.style],
        markersize=4,
        linewidth=1.2,
        elinewidth=0.8,
        linestyle=(":" if reference else _STYLES[line.style]) if line.joined else "",
    )
