"""What a model's people say of it, and the cards of our own models: Markdown without HTML, images or other addresses
than those of the web."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import islice, takewhile
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from leaderboard.models import Model, ModelKind, Submission
from leaderboard.models.entries import ImageOrigin

CARDS = "reference_models"
MOST_CELLS = 2_000
BELOW = 2
"""Headings of a card stand under a heading of the page."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_WEB = ("http://", "https://")


def markdown(text: str) -> SafeString:
    rendered: str = _renderer(with_tables=_most_cells(text) <= MOST_CELLS).render(text)
    return mark_safe(rendered)


@cache
def reference_card(name: str) -> SafeString | None:
    """None where we have no card of this name."""
    if not _NAME.fullmatch(name):
        return None
    card = files(CARDS).joinpath("cards", f"{name}.md")
    if not card.is_file():
        return None
    _, _, body = card.read_text("utf-8").partition("\n")  # its first line is the name, which the page has
    return markdown(body)


def card_named_by(model: Model, version: Submission) -> SafeString | None:
    """The card of a model of ours, whichever way its image came. Only staff send those kinds."""
    if model.kind not in (ModelKind.REFERENCE, ModelKind.CONTROL):
        return None
    named = version.image_name.removeprefix("reference:") if version.image_origin == ImageOrigin.REFERENCE else ""
    names = (named, model.slug.replace("-", "_"))
    return next((card for name in names if (card := reference_card(name)) is not None), None)


def _most_cells(text: str) -> int:
    """Every row of a table is filled up to the width of its head: a few letters could become a page of megabytes."""
    lines = text.split("\n")
    return len(lines) * max((line.count("|") for line in lines), default=0)


@cache
def _renderer(*, with_tables: bool) -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).disable("image")
    if with_tables:
        made.enable("table")
    made.validateLink = lambda url: url.lower().startswith(_WEB)  # type: ignore[method-assign]  # how it is set
    made.core.ruler.push("page", lambda state: _fit(state.tokens))
    return made


def _fit(tokens: list[Token]) -> None:
    """Headings go down; the cells of a table get scopes, and a head that is empty goes."""
    kept: list[Token] = []
    is_first = is_left_out = False
    for i, token in enumerate(tokens):
        token.attrs.pop("style", None)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + BELOW)}"
        elif token.type == "thead_open":
            is_left_out = _is_empty(tokens, i)
        elif token.type == "tr_open":
            is_first = True
        elif token.type == "th_open":
            token.attrs["scope"] = "col"
        elif token.type == "td_open" and is_first:
            token.tag = tokens[i + 2].tag = "th"  # a cell is its opening, its text and its closing
            token.attrs["scope"] = "row"
            is_first = False
        if not is_left_out:
            kept.append(token)
        is_left_out = is_left_out and token.type != "thead_close"
    tokens[:] = kept


def _is_empty(tokens: Sequence[Token], at: int) -> bool:
    head = takewhile(lambda token: token.type != "thead_close", islice(tokens, at, None))
    return not any(token.content.strip() for token in head if token.type == "inline")


class _Renderer(RendererHTML):
    def table_open(self, *_: Any) -> str:
        caption = '<caption class="visually-hidden">As its card has it</caption>'
        return f'<div class="scroll" tabindex="0" role="region" aria-label="Table">\n<table>\n{caption}\n'

    def table_close(self, *_: Any) -> str:
        return "</table>\n</div>\n"

    def link_open(self, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        tokens[at].attrs["rel"] = "nofollow noopener ugc"
        return self.renderToken(tokens, at, options, env)
