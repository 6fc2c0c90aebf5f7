"""The one error every decoder of this package raises, whatever the bytes."""


class WireError(ValueError):
    """Bytes that are not the message they were taken for.

    A decoder raises nothing else: any other exception that leaves this package is a bug in it.

    Args:
        protocol: what the bytes were read as, for example ``"STUN"``.
        field: the field that could not be read, for example ``"attribute length"``.
        offset: where that field starts, in bytes from the start of what the decoder was given.
        section: the document and section that define the field, for example ``"RFC 8489 section 5"``.
        detail: what was found and what would have been right.
    """

    def __init__(self, protocol: str, field: str, offset: int, section: str = "", detail: str = "") -> None:
        super().__init__(protocol, field, offset)
        self.protocol = protocol
        self.field = field
        self.offset = offset
        self.section = section
        self.detail = detail

    def __str__(self) -> str:
        text = f"{self.protocol}: {self.field} at byte {self.offset}"
        if self.detail:
            text += f": {self.detail}"
        if self.section:
            text += f" ({self.section})"
        return text
