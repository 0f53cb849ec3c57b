"""The one exception a user of this package has to know, and how somebody else's words are quoted in it."""


class ReleaseError(Exception):
    """A release, or a source of one, is not what it must be; the message names the thing and the remedy."""


def shown(text: str | bytes, longest: int = 40) -> str:
    """Somebody's text, quoted, short, and unable to steer a terminal or break a page."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    quoted = ascii(text[:longest])
    return quoted if len(text) <= longest else f"{quoted} and more"
