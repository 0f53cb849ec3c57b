"""`{% noted %}` a table `{% endnoted %}`: beneath it, what the marks in it say, and with `gathers=True` the reasons
that stand in several of its cells."""

from django.template import Library
from django.utils.safestring import SafeString

from leaderboard.pages import figures

register = Library()


@register.simple_block_tag
def noted(content: str, *, gathers: bool = False) -> SafeString:
    return figures.noted(content, gathers=gathers)
