"""The site as a WSGI server loads it."""

import os
import re
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from leaderboard.pages import guide

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
CHARSET = re.compile(r";\s*charset=[^;]*", re.IGNORECASE)
django = get_wsgi_application()
guide.guides()  # rendered before the first request, not by it


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Texts are UTF-8 here. A charset that is none of texts (`zlib`) would fail before anything of ours can answer."""
    environ["CONTENT_TYPE"] = CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
    return django(environ, start_response)
