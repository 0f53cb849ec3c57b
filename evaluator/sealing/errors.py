"""The one exception of sealing: it never tells anything of a sealed content."""


class SealingError(Exception):
    """A key, a box, an answer or a certificate is not what it must be; the message names it and the remedy."""
