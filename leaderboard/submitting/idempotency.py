"""The same request sent twice is done once: a client names it with a key of its own, and gets the first answer again.

The key's row and what the request does are one transaction. A second request of that key waits in PostgreSQL until
the first has ended, whichever way: no key is left behind that is held by nobody.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from leaderboard.models import KeptAnswer, Person
from leaderboard.submitting import texts
from leaderboard.submitting.errors import Refused

KEPT = timedelta(hours=24)
MOST_IN_KEY = 100


def fingerprint(*asked: Any) -> str:
    """Of whatever makes a request another one: its address and its body, as JSON holds them."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def once(person: Person, key: str, asked: str, act: Callable[[], Mapping[str, Any]]) -> tuple[dict[str, Any], bool]:
    """The answer as JSON holds it, and whether it is repeated. A refusal is not kept: the key may be used again.

    `asked` is the fingerprint of what is asked for; `act` does it and answers with JSON.
    """
    key = texts.plain(key, field="idempotency_key", most=MOST_IN_KEY)
    if not key:
        raise Refused("no_key", "The Idempotency-Key is empty.", "Send one of your own, a UUID for example.")
    now = timezone.now()
    KeptAnswer.objects.filter(person=person, key=key, expires_at__lt=now).delete()
    with transaction.atomic():
        kept, is_new = KeptAnswer.objects.get_or_create(
            person=person, key=key, defaults={"fingerprint": asked, "expires_at": now + KEPT}
        )
        if kept.fingerprint != asked:
            sentence = "This Idempotency-Key was used for another request."
            raise Refused("key_reused", sentence, "Use a new key for a new request.", "idempotency_key", 422)
        if is_new:
            kept.answer = dict(act())
            kept.save(update_fields=["answer"])
        return dict(kept.answer or {}), not is_new


def expire() -> int:
    return KeptAnswer.objects.filter(expires_at__lt=timezone.now()).delete()[0]
