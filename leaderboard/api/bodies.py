"""How bodies are read."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from leaderboard.api.problems import TooLarge

MOST_JSON_BYTES = 1 << 20


class BoundedJSON(JSONParser):
    """The framework's parser reads a body of any size into memory, and falls over a deeply nested one."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request: HttpRequest = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_JSON_BYTES:
            raise TooLarge(f"A JSON body has at most {MOST_JSON_BYTES} bytes.")
        try:
            made = super().parse(stream, media_type, dict(parser_context or {}))
            json.dumps(made, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except UnicodeEncodeError:  # no answer that quotes it could be written, and PostgreSQL takes none
            raise ParseError("The body has half of a character: a lone surrogate.") from None
        if not isinstance(made, dict):
            raise ParseError("The body is not a JSON object.")
        return made
