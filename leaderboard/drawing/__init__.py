"""Figures as SVG, made on the server from typed values; they know no web, no database and no measure.

Each call gives a Drawing: `{{ drawing }}` in a template is the figure inside of a page, in the page's colours, and
`drawing.file()` is the same as a file of its own. Whatever a name contains is text. What colour says, a shape, a
pattern or a figure in digits says too.
"""

from leaderboard.drawing.critical import critical_difference
from leaderboard.drawing.distributions import distributions
from leaderboard.drawing.intervals import intervals
from leaderboard.drawing.matrices import matrices
from leaderboard.drawing.multiples import multiples
from leaderboard.drawing.svg import Drawing
from leaderboard.drawing.values import Estimate, Mark, Matrix, Panel, Placed, Sample

__all__ = [
    "Drawing",
    "Estimate",
    "Mark",
    "Matrix",
    "Panel",
    "Placed",
    "Sample",
    "critical_difference",
    "distributions",
    "intervals",
    "matrices",
    "multiples",
]
