"""What has to be true of the settings before the site may start, each with an id and a remedy."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from leaderboard import env

REGISTRY = re.compile(r"[a-z0-9.-]+(:\d+)?")
SECOND_FACTOR = "leaderboard.second_factor.staff_need_second_factor"


@register
def storage(**_: Any) -> Iterator[CheckMessage]:
    try:
        files, _root = url_to_fs(settings.STORAGE)
    except (ImportError, ValueError) as error:
        yield Error(f"HOLDOUT_STORAGE cannot be used: {error}", hint="Give a directory.", id="holdout.E001")
        return
    if not isinstance(files, LocalFileSystem):
        sentence = "HOLDOUT_STORAGE is no directory, and archives are taken piece by piece into one."
        yield Error(sentence, hint="Give a directory; one that all machines mount will do.", id="holdout.E001")


@register
def registries(**_: Any) -> Iterator[CheckMessage]:
    for name in settings.REGISTRIES:
        if not REGISTRY.fullmatch(name):
            hint = "Write hosts alone, registry.example.org or registry.example.org:5000, separated by commas."
            yield Error(f"HOLDOUT_REGISTRIES has {name!r}, which is no host.", hint=hint, id="holdout.E002")


@register
def clocks(**_: Any) -> Iterator[CheckMessage]:
    if not 0 < settings.TICK_S < settings.LEASE_S:
        hint = "Set HOLDOUT_TICK_S to a few seconds and HOLDOUT_LEASE_S to a minute."
        yield Error("A tick has to be shorter than a host's lease.", hint=hint, id="holdout.E003")


@register
def uploads(**_: Any) -> Iterator[CheckMessage]:
    if min(settings.UPLOAD_MOST_BYTES, settings.UPLOAD_CHUNK_BYTES, settings.UPLOAD_KEPT_H) <= 0:
        hint = "Set HOLDOUT_UPLOAD_MOST_GB and HOLDOUT_UPLOAD_KEPT_H above zero."
        yield Error("No archive could be uploaded.", hint=hint, id="holdout.E004")


@register
def metrics(**_: Any) -> Iterator[CheckMessage]:
    for network in settings.METRICS_NETWORKS:
        try:
            ip_network(network)
        except ValueError:
            hint = "Write 127.0.0.0/8,10.1.2.0/24, for example."
            yield Error(f"HOLDOUT_METRICS_NETWORKS has {network!r}, no network.", hint=hint, id="holdout.E010")


@register(Tags.security)
def address(**_: Any) -> Iterator[CheckMessage]:
    url = urlsplit(settings.SITE_URL)
    if url.scheme not in ("http", "https") or not url.hostname:
        hint = "Give https://holdout.example.org, for example."
        yield Error(f"SITE_URL is {settings.SITE_URL!r}, which is no address.", hint=hint, id="holdout.E005")
    elif not validate_host(url.hostname, settings.ALLOWED_HOSTS):
        hint = f"Add {url.hostname} to ALLOWED_HOSTS."
        yield Error("The links that the site mails would not be answered by it.", hint=hint, id="holdout.E006")
    if url.scheme == "http" and not settings.DEMONSTRATION:
        hint = "Serve it over https and set SITE_URL, or leave HOLDOUT_DEMONSTRATION on."
        yield Error("Passwords and tokens would travel in the clear.", hint=hint, id="holdout.E007")


@register(Tags.security)
def second_factor(**_: Any) -> Iterator[CheckMessage]:
    if SECOND_FACTOR not in settings.MIDDLEWARE:
        hint = f"Put {SECOND_FACTOR!r} back into MIDDLEWARE, after allauth's."
        yield Error("Staff could work without a second factor.", hint=hint, id="holdout.E008")


@register(Tags.security)
def scorer(**_: Any) -> Iterator[CheckMessage]:
    """The walls around sealed answers, as far as one process can see them. A demonstration has none."""
    if settings.DEMONSTRATION:
        return
    is_scorer = env.is_set("HOLDOUT_SCORER_DATABASE_URL")
    if (settings.SCORER_KEYS is not None) != is_scorer:
        hint = (
            "Give HOLDOUT_SCORER_KEYS and HOLDOUT_SCORER_DATABASE_URL to the scorer's process, both, and to no other."
        )
        yield Error(
            "A process of the site knows the scorer's keys, or half of its settings.", hint=hint, id="holdout.E011"
        )
    if is_scorer and (env.is_set("DATABASE_URL") or env.is_set("HOLDOUT_HOST_BROKER")):
        hint = "Start it with the variables of deploy/compose.yml and no others."
        yield Error("The scorer is told the site's database or the hosts' broker.", hint=hint, id="holdout.E012")
    if settings.SCORER_BROKER_URL == settings.HOST_BROKER_URL:
        hint = "Set HOLDOUT_SCORER_BROKER to a server, or a user of Redis, that no host knows."
        yield Error("Hosts reach the scorer's queue.", hint=hint, id="holdout.E013")


@register(Tags.security)
def sandbox(**_: Any) -> Iterator[CheckMessage]:
    if settings.SANDBOX not in ("docker", "process"):
        yield Error(f"HOLDOUT_SANDBOX is {settings.SANDBOX!r}.", hint="Use docker or process.", id="holdout.E009")
    elif settings.SANDBOX == "process" and not settings.DEMONSTRATION:
        sentence = "The process sandbox runs our own reference models alone: participants can submit nothing."
        yield Warning(sentence, hint="Set HOLDOUT_SANDBOX to docker.", id="holdout.W001")
