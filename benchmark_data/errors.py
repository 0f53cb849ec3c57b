"""The one exception a user of this package has to know."""


class ReleaseError(Exception):
    """A release, or a source of one, is not what it must be; the message names the thing and the remedy."""
