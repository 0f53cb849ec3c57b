"""What a person is told when something is not done for them."""


class Refused(Exception):  # noqa: N818  # it is an answer, not a fault
    """`code` is for machines, `field` the value that has to change; `status` is the answer's in HTTP."""

    def __init__(self, code: str, sentence: str, remedy: str, field: str = "", status: int = 400) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.remedy, self.field, self.status = code, sentence, remedy, field, status
