"""`{% noted %}` a table `{% endnoted %}`: beneath it, what the marks in it say."""

from django.template import Library
from django.utils.safestring import SafeString

from leaderboard.pages import figures

register = Library()


@register.simple_block_tag
def noted(content: str) -> SafeString:
    return figures.noted(content)
