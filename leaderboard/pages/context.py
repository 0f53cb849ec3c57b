"""What every page shows."""

from django.conf import settings
from django.http import HttpRequest


def site(_request: HttpRequest) -> dict[str, object]:
    return {"is_demonstration": settings.DEMONSTRATION}
