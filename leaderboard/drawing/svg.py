"""The paper that figures are drawn on: elements, their text made harmless, and the two forms that a figure has.

Presentation attributes give the looks of the file, on white; in a page the classes of holdout.css override them.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree as Xml

from django.utils.safestring import SafeString, mark_safe

from leaderboard.drawing.values import Mark

PAPER, INK, MUTED, RULE, LINE, ACCENT = "#ffffff", "#1a1e22", "#59616a", "#6d757d", "#d8dbd7", "#0b5a7a"
MARGIN = 12  # of a file; in a page there is room about a figure
FONT, SIZE, SMALL = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif", 12.0, 10.5
CHARACTER = 0.6
"""The width of an average character, in sizes of its font."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Characters that turn the order of all text after them.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_A_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True)
class Drawing:
    """A finished figure. `name` is what a page's `?figure=` asks for, and its file is called."""

    name: str
    title: str
    root: Xml.Element

    @cached_property
    def inline(self) -> SafeString:
        """As part of a page."""
        return mark_safe(Xml.tostring(self.root, encoding="unicode"))

    def __str__(self) -> SafeString:
        return self.inline

    def __html__(self) -> str:
        return self.inline

    def file(self) -> bytes:
        """On its own: with a namespace, and a white ground under its dark ink."""
        root = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **self.root.attrib, "color": INK})
        width, height = (float(self.root.attrib[side]) + 2 * MARGIN for side in ("width", "height"))
        root.attrib |= {"width": place(width), "height": place(height)}
        root.attrib["viewBox"] = f"{-MARGIN} {-MARGIN} {place(width)} {place(height)}"
        texts = [part for part in self.root if part.tag in {"title", "desc"}]
        ground = Xml.Element("rect", {"x": f"{-MARGIN}", "y": f"{-MARGIN}", "width": "100%", "height": "100%"})
        ground.attrib["fill"] = PAPER
        root.extend([*texts, ground, *(part for part in self.root if part not in texts)])
        made: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
        return made


class Paper:
    """Draws; `finish` gives the figure. Coordinates are pixels from the upper left."""

    def __init__(self, name: str, *, title: str, desc: str, width: float) -> None:
        self.name, self.title, self.width = slug(name), title, width
        self.root = Xml.Element("svg")
        for tag, text in {"title": title, "desc": desc}.items():
            Xml.SubElement(self.root, tag, {"id": f"drawing-{self.name}-{tag}"}).text = clean(text)
        self._into = self.root

    def finish(self, height: float) -> Drawing:
        names = {"aria-labelledby": f"drawing-{self.name}-title", "aria-describedby": f"drawing-{self.name}-desc"}
        size = {"width": place(self.width), "height": place(height)}
        box = {"viewBox": f"0 0 {size['width']} {size['height']}"}
        font = {"font-family": FONT, "font-size": place(SIZE)}
        self.root.attrib.update({"class": "drawing", "role": "img", **names, **box, **size, **font})
        return Drawing(self.name, self.title, self.root)

    def row(self, tip: str = "") -> None:
        """What follows belongs together; `tip` is its whole text, shown where the pointer rests."""
        self._into = Xml.SubElement(self.root, "g")
        if tip:
            Xml.SubElement(self._into, "title").text = clean(tip)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        looks: str = "ink",
        size: float = SIZE,
        bold: bool = False,
        fill: str = "",
        halo: bool = False,
    ) -> None:
        """`y` is the middle of the line. In a page the class `looks` gives the colour; a halo hides lines behind."""
        fills = {"ink": "currentColor", "muted": MUTED, "accent": ACCENT}
        attributes = {"x": place(x), "y": place(y + 0.35 * size), "class": looks, "fill": fill or fills[looks]}
        # A name from right to left must not turn what stands around it.
        attributes |= {"font-size": place(size), "unicode-bidi": "isolate"}
        if anchor != "start":
            attributes["text-anchor"] = anchor
        if halo:
            attributes |= {"class": f"{looks} halo", "paint-order": "stroke", "stroke": PAPER, "stroke-width": "4"}
        if bold:
            attributes["font-weight"] = "600"
        Xml.SubElement(self._into, "text", attributes).text = clean(words)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, looks: str = "rule", width: float = 1.0, dash: str = ""
    ) -> None:
        strokes = {"rule": RULE, "line": LINE, "accent": ACCENT, "ink": "currentColor"}
        ends = {"x1": place(x1), "y1": place(y1), "x2": place(x2), "y2": place(y2)}
        attributes = ends | {"class": f"{looks} stroke", "stroke": strokes[looks], "stroke-width": place(width)}
        if dash:
            attributes["stroke-dasharray"] = dash
        Xml.SubElement(self._into, "line", attributes)

    def rect(self, x: float, y: float, width: float, height: float, *, looks: str, fill: str, stroke: str = "") -> None:
        size = {"x": place(x), "y": place(y), "width": place(width), "height": place(height)}
        attributes = size | {"class": looks, "fill": fill}
        if stroke:
            attributes |= {"stroke": stroke, "stroke-width": "1.5"}
        Xml.SubElement(self._into, "rect", attributes)

    def path(self, d: str, *, looks: str = "accent", filled: bool = True, width: float = 1.5) -> None:
        colour = {"accent": ACCENT, "wash": "#c9dfe7"}[looks]
        kind, other = ("fill", "stroke") if filled else ("stroke", "fill")
        attributes = {"d": d, "class": f"{looks} {kind}", kind: colour, other: "none"}
        if not filled:
            attributes["stroke-width"] = place(width)
        Xml.SubElement(self._into, "path", attributes)

    def mark(self, x: float, y: float, mark: Mark, *, r: float = 4.0) -> None:
        """Of one size to the eye, whatever its shape."""
        if mark in {Mark.DISC, Mark.RING}:
            looks = {"class": "accent fill", "fill": ACCENT}
            if mark is Mark.RING:
                looks = {"class": "ring", "fill": PAPER, "stroke": ACCENT, "stroke-width": "1.5"}
            Xml.SubElement(self._into, "circle", {"cx": place(x), "cy": place(y), "r": place(r), **looks})
        elif mark is Mark.CROSS:
            corners = f"M{place(x - r)} {place(y - r)} L{place(x + r)} {place(y + r)} "
            corners += f"M{place(x - r)} {place(y + r)} L{place(x + r)} {place(y - r)}"
            self.path(corners, filled=False, width=2)
        else:
            corner = {
                Mark.SQUARE: [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
                Mark.DIAMOND: [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
                Mark.TRIANGLE: [(0, -1.2), (1.15, 0.9), (-1.15, 0.9)],
            }[mark]
            self.path("M" + " L".join(f"{place(x + r * dx)} {place(y + r * dy)}" for dx, dy in corner) + " Z")

    def dot(self, x: float, y: float, *, looks: str, fill: str, r: float = 2.0) -> None:
        Xml.SubElement(
            self._into, "circle", {"cx": place(x), "cy": place(y), "r": place(r), "class": looks, "fill": fill}
        )

    def beyond(self, x: float, y: float, *, upwards: bool) -> None:
        """An arrow at the end of the axis: the value lies outside of what is shown."""
        back = -5.0 if upwards else 5.0
        tip = f"{place(x)} {place(y)}"
        self.path(f"M{place(x + back)} {place(y - 4)} L{tip} L{place(x + back)} {place(y + 4)}", filled=False)

    def hatched(self, x: float, y: float, width: float, height: float) -> None:
        """The ground of what is undefined: no colour of the scale."""
        self.rect(x, y, width, height, looks="hatched", fill="none", stroke=LINE)
        for step in range(6, int(width + height), 6):
            start = (x + min(step, width), y + max(0.0, step - width))
            end = (x + max(0.0, step - height), y + min(step, height))
            self.line(*start, *end, looks="line")


def place(number: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    made = f"{number:.1f}"
    return made.removesuffix(".0")


def clean(text: str) -> str:
    """What may stand in XML, and turns nothing around it."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", _TURNING.sub("", text))


def slug(name: str) -> str:
    return _NOT_A_NAME.sub("-", name.lower()).strip("-") or "figure"


def text_width(text: str, size: float = SIZE) -> float:
    """About: fonts differ."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return (len(text) * CHARACTER + wide * (1 - CHARACTER)) * size


def fitted(text: str, width: float, size: float = SIZE) -> str:
    """The text, or its beginning with an ellipsis."""
    text = " ".join(clean(text).split())
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"
