"""How the board stands, as JSON."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.api.doors import NOT_KEPT, PublicDoor
from leaderboard.reads.standing import HostStanding, SelfTest, standing
from leaderboard.states import ACTIVE


class HostShape(s.Serializer[Any]):
    name = s.CharField()
    standing = s.ChoiceField([str(one) for one in HostStanding])
    self_test = s.ChoiceField([str(one) for one in SelfTest])
    heard_s = s.FloatField(allow_null=True, help_text="Seconds since its last report.")
    slots = s.IntegerField()
    taken = s.IntegerField()
    cpus = s.FloatField()
    memory_mb = s.IntegerField()
    gpus = s.IntegerField()


class StateShape(s.Serializer[Any]):
    state = s.ChoiceField(sorted(map(str, ACTIVE)))
    n = s.IntegerField()
    oldest_s = s.FloatField()
    why = s.CharField()


class WaitsShape(s.Serializer[Any]):
    n = s.IntegerField()
    begin_s = s.FloatField(allow_null=True, help_text="From sent to begun: the median.")
    longest_begin_s = s.FloatField(allow_null=True)


class BoardsShape(s.Serializer[Any]):
    slug = s.CharField()
    title = s.CharField()
    n = s.IntegerField()
    behind = s.IntegerField()
    computed_at = s.DateTimeField()


class StatusShape(s.Serializer[Any]):
    at = s.DateTimeField()
    hosts = HostShape(many=True)
    states = StateShape(many=True)
    runs_queued = s.IntegerField()
    runs_running = s.IntegerField()
    runs_parked = s.IntegerField()
    ahead_s = s.FloatField(allow_null=True, help_text="How long the hosts have work for; null where that is not known.")
    waits = WaitsShape()
    boards = BoardsShape(many=True)


class Status(PublicDoor):
    keeping = NOT_KEPT

    @extend_schema(summary="Hosts, queue, scoring and boards: how the board stands", responses=StatusShape)
    def get(self, _request: Request) -> Response:
        return Response(StatusShape(asdict(standing())).data)
