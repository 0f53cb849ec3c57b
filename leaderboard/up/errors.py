"""What stops a board from starting, as one sentence with its remedy."""


class BoardError(Exception):
    pass
