"""An archive is judged as bytes, before any engine sees it."""

import gzip
import json
import tarfile

import pytest

from evaluator.sandbox.images.archive import read_archive
from evaluator.sandbox.images.layers import Bounds
from evaluator.sandbox.images.load import docker_archive
from evaluator.sandbox.images.tarwalk import members
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from tests.sandbox.images import (
    LAYOUTS,
    OCI_INDEX,
    Image,
    before_25,
    blob_name,
    described,
    digest,
    member,
    oci,
    since_25,
    tar,
    written,
)

GOOD = Image()


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def layout(request):
    return request.param


def refused(path, match, **bounds):
    with pytest.raises(SandboxRefusalError, match=match) as refusal:
        read_archive(path, bounds=Bounds(**bounds))
    assert refusal.value.outcome is Outcome.IMAGE_REFUSED


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_each_layout_reads_as_the_same_image(tmp_path, layout, packed):
    parts = read_archive(written(tmp_path / "a.tar", layout(GOOD.but(packed=packed))))
    assert parts.identity == digest(GOOD.config)
    assert parts.entrypoint == ("python3", "/model.py")
    assert [b"".join(layer.chunks()) for layer in parts.layers] == list(GOOD.but(packed=packed).blobs)


def test_what_is_handed_on_holds_no_name_and_nothing_else(tmp_path, layout):
    files = layout(GOOD) | {"blobs/sha256/extra": b"more", "../up".replace("../", "x"): b"y"}
    parts = read_archive(written(tmp_path / "a.tar", files))
    (tmp_path / "b.tar").write_bytes(b"".join(docker_archive(parts)))
    with tarfile.open(tmp_path / "b.tar") as archive:
        assert archive.getnames() == ["manifest.json", f"{parts.identity[7:]}.json", "0/layer.tar"]
        (manifest,) = json.load(archive.extractfile("manifest.json"))
    assert manifest["RepoTags"] is None
    assert read_archive(tmp_path / "b.tar").identity == parts.identity


def test_two_images_are_refused(tmp_path, layout):
    other = GOOD.but(layers=(tar(files={"other": b""}),))
    refused(written(tmp_path / "a.tar", layout(GOOD, other)), "exactly one image")


def test_one_image_by_two_names_is_one(tmp_path):
    files = oci(GOOD, GOOD.but(tag="other:latest"))
    assert read_archive(written(tmp_path / "a.tar", files)).identity == digest(GOOD.config)


def test_two_lists_that_name_different_images_are_refused(tmp_path):
    other = GOOD.but(layers=(tar(files={"other": b""}),))
    files = since_25(other) | oci(GOOD)
    refused(written(tmp_path / "a.tar", files), "different images")


def test_statements_of_a_build_tool_are_no_images(tmp_path):
    files = oci(GOOD)
    statement = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}, **described(b"{}")}
    inner = json.loads(files.pop("index.json"))
    inner["manifests"].append(statement)
    nested = json.dumps(inner).encode()
    outer = {"schemaVersion": 2, "manifests": [{"mediaType": OCI_INDEX, **described(nested)}]}
    files |= {blob_name(nested): nested, "index.json": json.dumps(outer).encode()}
    assert read_archive(written(tmp_path / "a.tar", files)).identity == digest(GOOD.config)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architecture": "s390x"}, "made for 's390x'"),
        ({"os": "windows"}, "made for 'windows'"),
        ({"run": ()}, "has no ENTRYPOINT"),
        ({"run": (("Entrypoint", "python"),)}, "Entrypoint is no list"),
        ({"run": (("Entrypoint", ["a"]), ("Volumes", {"/data": {}}))}, "declares VOLUME /data"),
        ({"run": (("Entrypoint", ["a"]), ("Env", ["A=" + "x" * 70_000]))}, "environment is larger"),
        ({"layers": ()}, "0 layers"),
    ],
)
def test_a_configuration_that_breaks_a_rule_is_refused(tmp_path, layout, change, reason):
    refused(written(tmp_path / "a.tar", layout(GOOD.but(**change))), reason)


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", ".."])
def test_a_path_out_of_the_archive_is_refused(tmp_path, layout, name):
    refused(written(tmp_path / "a.tar", layout(GOOD), member(name)), "holds the path")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (member("x", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "link out of it"),
        (member("x", type=tarfile.SYMTYPE, linkname="../../etc/passwd"), "link out of it"),
        (member("x", type=tarfile.LNKTYPE, linkname="../up"), "link out of it"),
        (member("x", type=tarfile.CHRTYPE), "holds a device"),
        (member("x", type=tarfile.FIFOTYPE), "holds a fifo"),
        (member("manifest.json"), "twice"),
        (member("./manifest.json"), "twice"),
        (member("x", type=b"S"), "not read here"),
        (member("x", type=b"Z"), "not read here"),
    ],
)
def test_an_entry_that_plays_games_is_refused(tmp_path, entry, reason):
    refused(written(tmp_path / "a.tar", since_25(GOOD), entry), reason)


def test_layers_that_an_old_engine_saved_once_and_linked_are_read(tmp_path):
    layer = GOOD.layers[0]
    twice = GOOD.but(layers=(layer, layer))
    files = before_25(twice)
    manifest = json.loads(files["manifest.json"])
    manifest[0]["Layers"] = [manifest[0]["Layers"][0], "second/layer.tar"]
    files["manifest.json"] = json.dumps(manifest).encode()
    link = member("second/layer.tar", type=tarfile.SYMTYPE, linkname=f"../{manifest[0]['Layers'][0]}")
    assert len(read_archive(written(tmp_path / "a.tar", files, link)).layers) == 2


def test_a_blob_that_is_not_what_its_digest_says_is_refused(tmp_path, layout):
    for name in layout(GOOD):
        files = layout(GOOD)
        if name in ("oci-layout", "repositories", "index.json", "manifest.json"):
            continue
        files[name] = (
            files[name].replace(b"python3", b"python2").replace(b"hello", b"HELLO").replace(b"layers", b"lAyers")
        )
        refused(written(tmp_path / "a.tar", files), "not what|does not unpack|no layers")


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (tar(member("a/../../etc/passwd")), "holds the path"),
        (tar(member("x", type=tarfile.LNKTYPE, linkname="../../etc/shadow")), "holds the path"),
        (tar(member("x" * 5000)), "more than 4096 bytes"),
        (b"no tar", "ends in the middle"),
        (b"x" * 1024, "damaged"),
        (tar(files={"a": b"1" * 600})[:1000], "ends in the middle"),
        (tar(member("x", type=b"S")), "not read here"),
        (tar(files={"a": b""})[:512] + bytes(512) + b"x" * 512 + bytes(512), "data follows its end"),
    ],
)
def test_a_layer_that_plays_games_is_refused(tmp_path, layout, layer, reason):
    refused(written(tmp_path / "a.tar", layout(GOOD.but(layers=(layer,)))), reason)


def test_a_layer_that_expands_a_thousandfold_is_bounded(tmp_path, layout):
    bomb = GOOD.but(layers=(tar(member("zeros", size=64 << 20)),), packed=True)
    path = written(tmp_path / "a.tar", layout(bomb))
    assert path.stat().st_size < 1 << 20
    refused(path, "larger than 32 MB", unpacked_mb=32)


def test_bounds_hold_for_all_layers_together(tmp_path, layout):
    layers = tuple(tar(*(member(f"{number}/{name}") for name in range(60))) for number in range(2))
    refused(written(tmp_path / "a.tar", layout(GOOD.but(layers=layers))), "more than 100 files", files=100)


def test_too_many_layers_are_refused(tmp_path, layout):
    layers = tuple(tar(files={str(number): b""}) for number in range(4))
    refused(written(tmp_path / "a.tar", layout(GOOD.but(layers=layers))), "1 to 3 may be", layers=3)


def test_too_many_entries_are_refused(tmp_path, layout):
    entries = (member(f"file{number}") for number in range(2001))
    refused(written(tmp_path / "a.tar", layout(GOOD), *entries), "more than 2000 entries")


def test_a_layer_compressed_with_zstd_is_refused_with_the_remedy(tmp_path, layout):
    image = GOOD.but(layers=(b"\x28\xb5\x2f\xfd" + bytes(600),))
    refused(written(tmp_path / "a.tar", layout(image)), "export it with gzip")


def test_an_extension_header_cannot_ask_for_memory(tmp_path):
    header = member("x", type=tarfile.XHDTYPE, size=1 << 32).tobuf()
    (tmp_path / "a.tar").write_bytes(header)
    refused(tmp_path / "a.tar", "extension header takes 4294967296 bytes")


@pytest.mark.parametrize("content", [b"", b"no tar at all", bytes(512)])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.tar").write_bytes(content)
    refused(tmp_path / "a.tar", "no proper tar")


def test_a_compressed_archive_is_refused_with_what_to_send(tmp_path):
    (tmp_path / "a.tar").write_bytes(gzip.compress(bytes(1024), mtime=0))
    refused(tmp_path / "a.tar", "the archive is compressed: send it as `docker save` writes it")


@pytest.mark.parametrize("document", [b"", b"[", b"[" * 100_000, b"\xff", b"null", b"[[]]", b"{}", b'[{"Config": 1}]'])
@pytest.mark.parametrize("name", ["manifest.json", "index.json"])
def test_a_list_of_contents_that_is_none_is_refused(tmp_path, name, document):
    refused(written(tmp_path / "a.tar", {name: document}), "the image is refused")


def test_an_archive_with_neither_list_is_refused_with_the_remedy(tmp_path):
    refused(written(tmp_path / "a.tar", {"x": b""}), "docker save IMAGE")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_walk_sees_what_the_standard_library_sees(tmp_path, form):
    long = "d" * 90 + "/" + "f" * 99
    files = {"a": b"", "b/c": b"x" * 512, long: b"y" * 513, "sm\u00f8rrebr\u00f8d": b"z"}
    links = member("l", type=tarfile.SYMTYPE, linkname="b/c"), member("h", type=tarfile.LNKTYPE, linkname="a")
    (tmp_path / "a.tar").write_bytes(tar(*links, member("e", type=tarfile.DIRTYPE), files=files, format=form))
    with (tmp_path / "a.tar").open("rb") as file:
        walked = [(one.name, one.size, one.link, one.offset) for one in members(file)]
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert walked == [(one.name, one.size, one.linkname, one.offset_data) for one in archive]


def test_a_file_larger_than_the_bound_is_not_even_opened(tmp_path):
    with (tmp_path / "a.tar").open("wb") as file:
        file.truncate(3 << 20)
    refused(tmp_path / "a.tar", "larger than 2 MB", packed_mb=2)
