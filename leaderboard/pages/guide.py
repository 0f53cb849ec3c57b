"""The documents of docs/ as pages: Markdown turned into HTML once in a process, with anchors and links between them."""

import re
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

IN_WHEEL = "share/holdout/docs"
"""Where an installed wheel has them, below the environment's own folder: they are files of the repository's root, and
the library is documented there too (pyproject.toml, tool.setuptools.data-files)."""
_MARKUP = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Heading:
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Guide:
    name: str
    title: str
    lead: str
    """The first paragraph, as text."""
    headings: tuple[Heading, ...]
    """The second level, as a table of contents."""
    html: SafeString


def folder() -> Path:
    checkout = Path(settings.BASE_DIR, "docs")
    return checkout if (checkout / "contract.md").is_file() else Path(sysconfig.get_path("data"), IN_WHEEL)


@cache
def guides() -> dict[str, Guide]:
    """Every document, by its name without the ending."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder().glob("*.md"))}
    return {name: guide(name, text, known=frozenset(texts)) for name, text in texts.items()}


def guide(name: str, text: str, *, known: frozenset[str]) -> Guide:
    """`known` are the documents that have a page; a link to another file of the source becomes its text."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    headings = _anchored(tokens)
    title = next((heading.text for heading, level in headings if level == 1), name)
    _linked(tokens, known)
    _tabled(tokens, title)
    body = reader.renderer.render(_without_title(tokens), reader.options, {})
    body = body.replace("<pre>", '<pre tabindex="0">')  # what scrolls has to be reached by keyboard
    contents = tuple(heading for heading, level in headings if level == 2)
    return Guide(name, title, _first_paragraph(tokens), contents, mark_safe(body))


def _anchored(tokens: Sequence[Token]) -> list[tuple[Heading, int]]:
    """Anchors as code hosts make them, so that one link works in both places."""
    found: list[tuple[Heading, int]] = []
    taken: dict[str, int] = {}
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = _text(inline)
        anchor = _MARKUP.sub("", text.lower()).replace(" ", "-")
        times = taken.get(anchor, 0)
        taken[anchor] = times + 1
        heading = Heading(f"{anchor}-{times}" if times else anchor, text)
        opening.attrSet("id", heading.anchor)
        found.append((heading, int(opening.tag[1:])))
    return found


def _text(inline: Token) -> str:
    shown = ("text", "code_inline", "softbreak")
    return "".join(child.content or " " for child in inline.children or () if child.type in shown)


def _linked(tokens: Sequence[Token], known: frozenset[str]) -> None:
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                _lead_on(child, known)
        if token.children:
            token.children = _without_dead_links(token.children)


def _lead_on(link: Token, known: frozenset[str]) -> None:
    where, _, anchor = str(link.attrGet("href") or "").partition("#")
    after = f"#{anchor}" if anchor else ""
    stem = where.removeprefix("docs/").removesuffix(".md")
    if where.endswith(".md") and stem in known:
        link.attrSet("href", reverse("how_page", args=[stem]) + after)
    elif where.startswith(("http://", "https://")):
        link.attrSet("rel", "noopener")
    elif where and not where.startswith("/"):
        link.attrSet("href", "")  # a file of the source, which has no page


def _without_dead_links(children: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    is_dead = False
    for child in children:
        if child.type == "link_open":
            is_dead = child.attrGet("href") == ""
        if not (is_dead and child.type in ("link_open", "link_close")):
            kept.append(child)
        if child.type == "link_close":
            is_dead = False
    return kept


def _tabled(tokens: list[Token], title: str) -> None:
    """A caption, scopes, and classes in place of styles, which the content policy refuses."""
    caption, number = title, 0
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            caption = _text(tokens[at + 1])
        elif token.type in ("th_open", "td_open"):
            style = str(token.attrs.pop("style", ""))
            if "right" in style:
                token.attrSet("class", "n")
            if token.type == "th_open":
                token.attrSet("scope", "col")
        elif token.type == "table_open":
            number += 1
            name = f"table-{number}"
            token.type, token.tag = "html_block", ""
            token.content = (
                f'<div class="scroll" role="region" aria-labelledby="{name}" tabindex="0">\n<table>\n'
                f'<caption id="{name}" class="visually-hidden">{escape(caption)}, table {number}</caption>\n'
            )
        elif token.type == "table_close":
            token.type, token.tag, token.content = "html_block", "", "</table>\n</div>\n"


def _without_title(tokens: Sequence[Token]) -> list[Token]:
    """The page sets its own."""
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return list(tokens[3:])
    return list(tokens)


def _first_paragraph(tokens: Sequence[Token]) -> str:
    for opening, inline in pairwise(tokens):
        if opening.type == "paragraph_open" and opening.level == 0:
            return _text(inline).strip()
    return ""
