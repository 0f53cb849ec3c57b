"""Figures: well-formed, titled, harmless, readable without colour, whatever they are made of."""

import xml.etree.ElementTree as Xml

import pytest

from leaderboard import drawing
from leaderboard.drawing import Estimate, Mark, Matrix, Panel, Placed, Sample
from leaderboard.drawing.axis import Axis, number
from leaderboard.drawing.critical import joined
from leaderboard.drawing.distributions import quantile
from leaderboard.drawing.matrices import shade
from leaderboard.drawing.svg import fitted

NASTY = "<script>alert(1)</script>\"'&\x00\x01\u202e"
SVG = "{http://www.w3.org/2000/svg}"


def an_interval_plot(label="A model", n=3):
    rows = [Estimate(f"{label} {i}", 0.1 * i, 0.1 * i - 0.05, 0.1 * i + 0.05) for i in range(n)]
    return drawing.intervals([*rows, Estimate(label, None, why=f"no predictions {label}")], name="plot", title=label)


def some_matrices(label="A model", n=3):
    values = [[None if i == j else i - j for j in range(n)] for i in range(n)]
    names = [f"{label} {i}" for i in range(n)]
    panels = [Matrix(label, names, names, values, sure=frozenset({(0, 1)}), why={(0, 0): f"why {label}"})] * 4
    return drawing.matrices(panels, name="plot", title=label, diverging=True)


def some_distributions(label="A model", n=3):
    samples = [Sample(f"{label} {i}", [0.01 * k for k in range(30 * i)], n_undefined=i) for i in range(n)]
    return drawing.distributions([*samples, Sample(label, [], why=f"why {label}")], name="plot", title=label)


def some_multiples(label="A model", n=3):
    rows = [Estimate(label, 0.1, 0.0, 0.2), Estimate("other", None, why=f"why {label}", mark=Mark.CROSS)]
    return drawing.multiples([Panel(f"{label} {i}", rows) for i in range(n)], name="plot", title=label, zero=True)


def a_critical_difference(label="A model", n=3):
    models = [Placed(f"{label} {i}", 1.0 - i / 10, beside=f"{i}–{n}") for i in range(n)]
    told = [[abs(i - j) > 1 for j in range(n + 1)] for i in range(n + 1)]
    return drawing.critical_difference(
        [*models, Placed(label, None, why=f"why {label}")], told, name="plot", title=label
    )


ALL = [an_interval_plot, some_matrices, some_distributions, some_multiples, a_critical_difference]
every = pytest.mark.parametrize("made", ALL)


@every
def test_a_figure_is_an_image_with_a_title_and_a_description_in_page_and_file(made):
    found = made()
    for root, space in ((Xml.fromstring(str(found)), ""), (Xml.fromstring(found.file()), SVG)):
        assert root.tag == f"{space}svg"
        assert root.get("role") == "img"
        title, desc = (root.find(f"{space}{part}") for part in ("title", "desc"))
        assert (title.text, title.get("id")) == ("A model", root.get("aria-labelledby"))
        assert desc.get("id") == root.get("aria-describedby")
        assert len(root.get("viewBox").split()) == 4


@every
def test_nothing_in_a_figure_needs_an_inline_style_or_script(made):
    for part in Xml.fromstring(str(made())).iter():
        assert part.tag in {"svg", "title", "desc", "g", "text", "line", "rect", "path", "circle"}
        assert not [name for name in part.attrib if name == "style" or name.startswith("on") or "href" in name]


@every
def test_a_hostile_name_is_text_and_nothing_else(made):
    found = made(NASTY)
    assert "<script" not in str(found)
    assert {part.tag for part in Xml.fromstring(str(found)).iter()} == {
        part.tag for part in Xml.fromstring(str(made())).iter()
    }
    for harmful in "\x00\x01\u202e":
        assert harmful not in found.file().decode()


@every
def test_what_is_undefined_is_a_word_with_its_reason(made):
    root = Xml.fromstring(str(made()))
    assert any((part.text or "").startswith("n/a") for part in root.iter("text"))
    assert "n/a (" in root.find("desc").text


@every
@pytest.mark.parametrize("n", [0, 1, 40])
def test_one_entry_and_many_are_drawn_inside_of_the_figure(made, n):
    root = Xml.fromstring(str(made(n=n)))
    width, height = float(root.get("width")), float(root.get("height"))
    assert min(width, height) > 0
    for part in root.iter():
        for names, most in ((("x", "x1", "x2", "cx"), width), (("y", "y1", "y2", "cy"), height)):
            assert all(-6 <= float(part.get(name, 0)) <= most + 6 for name in names), part.attrib


def test_a_file_has_a_light_ground_below_everything_that_is_drawn():
    root = Xml.fromstring(an_interval_plot().file())
    shapes = [part for part in root if part.tag not in {f"{SVG}title", f"{SVG}desc"}]
    assert (shapes[0].tag, shapes[0].get("fill")) == (f"{SVG}rect", "#ffffff")
    assert root.get("color") == "#1a1e22"


def test_an_interval_is_drawn_where_its_bounds_lie():
    axis = Axis(0.0, 1.0, 100.0, 200.0)
    assert [axis.at(value) for value in (0.0, 0.25, 1.0)] == [100.0, 125.0, 200.0]
    plot = Xml.fromstring(str(drawing.intervals([Estimate("m", 0.5, 0.4, 0.6)], name="p", title="t", zero=False)))
    mark = plot.find(".//circle[@class='accent fill']")
    low, high = (float(plot.find(".//line[@class='accent stroke']").get(end)) for end in ("x1", "x2"))
    assert float(mark.get("cx")) == pytest.approx((low + high) / 2, abs=0.1)


def test_a_value_far_outside_is_an_arrow_with_its_number_and_does_not_squeeze_the_others():
    rows = [Estimate(str(i), 0.1 * i, 0.1 * i - 0.02, 0.1 * i + 0.02) for i in range(8)]
    plot = Xml.fromstring(str(drawing.intervals([*rows, Estimate("far", 1e6, 0.9e6, 1.1e6)], name="p", title="t")))
    marks = [float(part.get("cx")) for part in plot.iter("circle")]
    assert len(marks) == 8
    assert max(marks) - min(marks) > 50
    assert any("1e+06" in (part.text or "") for part in plot.iter("text"))


def test_colours_go_to_both_sides_of_zero_and_turn_where_less_is_better():
    assert [shade(v, low=0, high=1, diverging=True)[0] for v in (-1.0, -0.2, 0.0, 1.0)] == [
        "fall-5",
        "fall-1",
        "rise-0",
        "rise-9",
    ]
    assert [shade(v, low=0, high=-1, diverging=True)[0] for v in (-1.0, 1.0)] == ["rise-9", "fall-5"]
    assert [shade(v, low=0.5, high=0.1)[0] for v in (0.1, 0.5, 0.6)] == ["rise-9", "rise-0", "fall-1"]
    assert shade(0.0, low=0, high=0, diverging=True)[0] == "rise-0"


def test_every_mark_has_a_shape_of_its_own():
    shapes = set()
    for mark in Mark:
        plot = Xml.fromstring(str(drawing.intervals([Estimate("m", 0.5, mark=mark)], name="p", title="t")))
        shapes.add(
            tuple(
                (part.tag, part.get("d"), part.get("class")) for part in plot.iter() if part.tag in {"path", "circle"}
            )
        )
    assert len(shapes) == len(Mark)


def test_an_estimate_is_read_from_a_stored_interval_with_its_reason():
    undefined = {"undefined": "the predictions are constant"}
    assert Estimate.of("m", {"estimate": 1, "low": 0.5, "high": 1.5}) == Estimate("m", 1.0, 0.5, 1.5)
    lacking = Estimate.of("m", {"estimate": undefined, "low": undefined, "high": undefined})
    assert (lacking.estimate, lacking.bounds, lacking.why) == (None, None, "the predictions are constant")
    alone = Estimate.of("m", {"estimate": 0.5, "low": {"undefined": "too few drugs"}, "high": undefined})
    assert (alone.estimate, alone.bounds, alone.why) == (0.5, None, "too few drugs")


def test_models_share_a_bar_exactly_where_they_cannot_be_told_apart():
    told = [[False] * 5 for _ in range(5)]
    for i, j in ((0, 3), (0, 4), (1, 4), (2, 4), (1, 2)):
        told[i][j] = told[j][i] = True
    bars = joined(range(5), told)
    for i in range(5):
        for j in range(i + 1, 5):
            assert any(i in bar and j in bar for bar in bars) is not told[i][j], (i, j, bars)


def test_a_chain_of_models_gets_one_bar_a_run():
    told = [[abs(i - j) > 1 for j in range(4)] for i in range(4)]
    assert joined(range(4), told) == [[0, 1], [1, 2], [2, 3]]
    assert joined(range(4), [[False] * 4] * 4) == [[0, 1, 2, 3]]
    assert joined(range(4), [[True] * 4] * 4) == []


@pytest.mark.parametrize(
    ("value", "sign", "said"),
    [
        (0.1234, False, "0.123"),
        (-0.5, False, "−0.500"),
        (-0.0001, True, "0.000"),
        (0.5, True, "+0.500"),
        (None, True, "n/a"),
        (123456.0, False, "1.23e+05"),
    ],
)
def test_numbers_have_a_real_minus_and_no_sign_before_zero(value, sign, said):
    assert number(value, sign=sign) == said


def test_ticks_are_round_numbers_within_the_axis():
    axis = Axis(-0.13, 0.42, 0.0, 350.0)
    assert [number(tick, step=axis.ticks()) for tick in axis.ticks()] == ["−0.1", "0.0", "0.1", "0.2", "0.3", "0.4"]


def test_quartiles_are_those_of_neighbours_in_proportion():
    assert [quantile([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.25, 0.5, 1.0)] == [1.0, 1.75, 2.5, 4.0]


def test_a_long_name_ends_with_an_ellipsis():
    assert fitted("short", 100) == "short"
    assert fitted("a name that is far too long", 60).endswith("…")
