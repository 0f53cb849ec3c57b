"""Agents and orders that take only what a test is about."""

from types import SimpleNamespace

from evaluator.agent.agent import Agent
from evaluator.agent.bench import Bench
from evaluator.agent.messages import Answer, Capacity, Image, ImageOrigin, Order, StageKind
from evaluator.engine.runs import RunSpec
from tests.agent.fake_sandbox import (
    Clock,
    FakeImages,
    FakeReleases,
    FakeSandbox,
    FakeStore,
    FakeStudies,
    Inline,
    read_four,
)
from tests.engine import builders

LEASE_S = 60.0


def make_spec(**changes) -> RunSpec:
    return builders.make_spec(SimpleNamespace(id="release"), **changes)


def make_order(key="k1", **changes) -> Order:
    values = {
        "attempt": "a1",
        "token": f"token-of-{key}",
        "kind": StageKind.TRAIN,
        "spec": make_spec(),
        "image": Image(ImageOrigin.ARCHIVE, "archives/one.tar", "0" * 64),
    }
    return Order(key=key, **values | changes)


def infer_order(key="k2", target="B", **changes) -> Order:
    return make_order(key, kind=StageKind.INFER, target=target, **changes)


def image_order(key="k0", **changes) -> Order:
    return make_order(key, kind=StageKind.IMAGE, **changes)


def make_agent(folder, sandbox=None, **changes) -> Agent:
    """`sandbox`, `storage` and `clock` may be those of an agent before this one: that is a restart."""
    parts = {"images": FakeImages(), "releases": FakeReleases(), "studies": FakeStudies()}
    parts |= {"storage": FakeStore(), "read": read_four}
    own = {name: changes.pop(name, part) for name, part in parts.items()}
    bench = Bench(sandbox=sandbox or FakeSandbox(), folder=folder, **own)
    values = {
        "name": "host-1",
        "capacity": Capacity(cpus=2, memory_mb=8000, gpus=0, slots=2),
        "executor": Inline(),
        "boot_id": "boot",
        "clock": Clock(),
    }
    return Agent(bench=bench, **values | changes)


def answer_to(report, *orders, **changes) -> Answer:
    values = {"host": report.host, "boot_id": report.boot_id, "sequence": report.sequence, "lease_s": LEASE_S}
    return Answer(**values | {"orders": tuple(orders)} | changes)


def tell(agent, *orders, ticks=6) -> None:
    """One report and its answer, and time enough for what follows from it."""
    agent.hear(answer_to(agent.report(), *orders))
    for _ in range(ticks):
        agent.tick()


def told(agent) -> dict:
    """What the agent reports of each stage, by its key."""
    return {stage.key: stage for stage in agent.report().stages}
