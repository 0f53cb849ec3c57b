"""A registry is trusted for nothing: not for what it says a digest is, nor for a size, nor for where it sends us."""

import contextlib
import http.server
import json
import threading

import pytest

from evaluator.sandbox.images.archive import DEFAULT
from evaluator.sandbox.images.layers import Bounds
from evaluator.sandbox.images.registry import Registry, fetch
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from tests.sandbox.images import OCI_INDEX, Image, described, digest, member, tar

GOOD = Image(packed=True)
NAME = "team/model"


def contents(image, **changes):
    """Paths to bodies, as an honest registry has them."""
    blobs = {f"/v2/{NAME}/blobs/{digest(blob)}": blob for blob in (*image.blobs, image.config)}
    return blobs | {f"/v2/{NAME}/manifests/{digest(image.manifest)}": image.manifest} | changes


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, bodies):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies, self.asked = bodies, []
        self.host = f"127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        body = self.server.bodies.get(self.path.partition("?")[0])
        if callable(body):
            body = body(self)
        if isinstance(body, bytes):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)
        elif body is None:
            self.send_error(404)

    def log_message(self, *_):
        return


def answer(status, **headers):
    def send(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return ...

    return send


@contextlib.contextmanager
def serving(bodies):
    with Server(bodies) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def fetched(server, folder, image=GOOD, *, manifest=None, bounds=DEFAULT, **registry):
    into = folder / "blobs"
    into.mkdir()
    allowed = [Registry(server.host, plain_http=True, **registry)]
    return fetch(
        f"{server.host}/{NAME}@{digest(manifest or image.manifest)}", allowed=allowed, into=into, bounds=bounds
    )


def refused(bodies, folder, reason, **given):
    with serving(bodies) as server, pytest.raises(SandboxRefusalError, match=reason) as refusal:
        fetched(server, folder, **given)
    assert refusal.value.outcome is Outcome.IMAGE_REFUSED
    return [path for path, _ in server.asked]


def test_an_image_is_fetched_by_its_digest(tmp_path):
    with serving(contents(GOOD)) as server:
        assert fetched(server, tmp_path).identity == digest(GOOD.config)


def test_of_an_index_the_image_for_this_platform_is_taken(tmp_path):
    other = GOOD.but(architecture="s390x")
    manifests = [
        {
            **described(one.manifest),
            "platform": {"os": "linux", "architecture": one.architecture},
        }
        for one in (other, GOOD)
    ]
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()
    with serving(contents(GOOD) | {f"/v2/{NAME}/manifests/{digest(index)}": index}) as server:
        assert fetched(server, tmp_path, manifest=index).identity == digest(GOOD.config)


@pytest.mark.parametrize(
    "reference",
    ["team/model", "example.org/team/model:v1", "example.org/a@sha256:12", "example.org/../x@sha256:" + "0" * 64, ""],
)
def test_an_image_by_anything_but_a_digest_is_refused(tmp_path, reference):
    with pytest.raises(SandboxRefusalError, match="no image by digest"):
        fetch(reference, allowed=[Registry("example.org")], into=tmp_path)


def test_a_registry_that_is_not_on_the_list_is_not_asked(tmp_path):
    with serving(contents(GOOD)) as server:
        with pytest.raises(SandboxRefusalError, match=r"not on the list of registries \(example.org\)"):
            fetch(f"{server.host}/{NAME}@sha256:{'0' * 64}", allowed=[Registry("example.org")], into=tmp_path)
        assert server.asked == []


@pytest.mark.parametrize("part", ["manifests", "blobs"])
def test_something_else_than_the_digest_says_is_refused(tmp_path, part):
    bodies = {path: body + b" " if part in path else body for path, body in contents(GOOD).items()}
    refused(bodies, tmp_path, "answered something else|is larger than")


def test_a_configuration_is_judged_before_a_layer_is_asked_for(tmp_path):
    image = GOOD.but(run=())
    asked = refused(contents(image), tmp_path, "has no ENTRYPOINT", image=image)
    assert not [path for path in asked if digest(image.blobs[0]) in path]


def test_an_image_too_large_by_its_own_words_is_refused_before_a_layer_is_asked_for(tmp_path):
    manifest = json.loads(GOOD.manifest)
    manifest["layers"][0]["size"] = 3 << 20
    content = json.dumps(manifest).encode()
    bodies = contents(GOOD) | {f"/v2/{NAME}/manifests/{digest(content)}": content}
    asked = refused(bodies, tmp_path, "take 3 MB, 2 MB are allowed", manifest=content, bounds=Bounds(packed_mb=2))
    assert len(asked) == 2


def test_a_layer_longer_than_its_words_is_cut_off(tmp_path):
    layer = f"/v2/{NAME}/blobs/{digest(GOOD.blobs[0])}"
    refused(contents(GOOD) | {layer: bytes(8 << 20)}, tmp_path, "is larger than")
    assert sum(path.stat().st_size for path in (tmp_path / "blobs").iterdir()) <= len(GOOD.blobs[0])


def test_an_endless_manifest_is_cut_off(tmp_path):
    bodies = {f"/v2/{NAME}/manifests/{digest(GOOD.manifest)}": bytes(8 << 20)}
    refused(bodies, tmp_path, "is larger than 4194304 bytes")


def test_a_layer_that_expands_a_thousandfold_is_bounded(tmp_path):
    bomb = GOOD.but(layers=(tar(member("zeros", size=64 << 20)),))
    refused(contents(bomb), tmp_path, "larger than 32 MB", image=bomb, bounds=Bounds(unpacked_mb=32))


@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/latest/meta-data", "https://example.org/x", "file:///etc/passwd"]
)
def test_it_may_send_us_nowhere_that_is_not_on_the_list(tmp_path, where):
    bodies = {f"/v2/{NAME}/manifests/{digest(GOOD.manifest)}": answer(307, Location=where)}
    refused(bodies, tmp_path, "not on the list")


def test_it_cannot_send_us_round_in_circles(tmp_path):
    path = f"/v2/{NAME}/manifests/{digest(GOOD.manifest)}"
    asked = refused({path: answer(307, Location=path)}, tmp_path, "round in circles")
    assert len(asked) == 5


def test_an_image_that_it_does_not_have_is_refused(tmp_path):
    refused({}, tmp_path, "no such image for us .HTTP 404.")


def test_a_login_is_asked_for_at_a_host_on_the_list_alone(tmp_path):
    challenge = 'Bearer realm="https://example.org/token",service="r"'
    bodies = {f"/v2/{NAME}/manifests/{digest(GOOD.manifest)}": answer(401, WWW_Authenticate=challenge)}
    refused(bodies, tmp_path, "login that is not on the list")


def test_a_token_is_fetched_and_shown(tmp_path):
    path = f"/v2/{NAME}/manifests/{digest(GOOD.manifest)}"

    def guarded(handler):
        if handler.headers.get("Authorization") == "Bearer secret":
            return GOOD.manifest
        return answer(401, WWW_Authenticate=f'Bearer realm="http://{handler.server.host}/token",service="r"')(handler)

    with serving(contents(GOOD) | {path: guarded, "/token": b'{"token": "secret"}'}) as server:
        assert fetched(server, tmp_path, user="team", password="word").identity == digest(GOOD.config)
    ((_, login),) = [asked for asked in server.asked if asked[0].startswith("/token")]
    assert login.startswith("Basic ")


def test_a_registry_that_does_not_answer_is_our_trouble(tmp_path):
    with serving({}) as server:
        host = server.host
    with pytest.raises(SandboxRefusalError, match="does not answer") as refusal:
        fetch(f"{host}/{NAME}@sha256:{'0' * 64}", allowed=[Registry(host, plain_http=True)], into=tmp_path)
    assert refusal.value.outcome.fault == "ours"
