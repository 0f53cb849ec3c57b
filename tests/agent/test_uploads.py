"""A reader of storage sees whole files that are what was reported, or a sentence of why not."""

import json

import pytest

from evaluator.agent.uploads import MANIFEST, PREDICTIONS, Storage, UploadError, sha256_of, upload, uploaded

CONTENT = bytes(range(16))


@pytest.fixture(params=["folder", "memory"])
def storage(request, tmp_path):
    address = str(tmp_path / "storage") if request.param == "folder" else f"memory://{tmp_path.name}"
    return Storage(address)


def test_what_is_uploaded_can_be_read_with_the_manifest_that_was_reported(storage):
    manifest = upload(storage, "attempts/a1/infer-B", "a1", {PREDICTIONS: CONTENT})
    assert uploaded(storage, "attempts/a1/infer-B", PREDICTIONS, manifest=manifest) == CONTENT


def test_uploading_again_changes_nothing(storage):
    first, second = (upload(storage, "x", "a1", {PREDICTIONS: CONTENT}) for _ in range(2))
    assert first == second
    assert uploaded(storage, "x", PREDICTIONS, manifest=second) == CONTENT


def test_files_without_their_manifest_are_no_upload(storage):
    storage.write(f"x/{PREDICTIONS}", CONTENT)
    with pytest.raises(UploadError, match="no complete upload"):
        uploaded(storage, "x", PREDICTIONS, manifest="0" * 64)


def test_a_manifest_that_was_not_reported_counts_for_nothing(storage):
    upload(storage, "x", "a1", {PREDICTIONS: CONTENT})
    with pytest.raises(UploadError, match="not the one that was reported"):
        uploaded(storage, "x", PREDICTIONS, manifest="0" * 64)


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"files": {}}', '{"files": 3}', "[" * 60_000])
def test_a_manifest_in_strange_words_is_refused(storage, text):
    storage.write(f"x/{PREDICTIONS}", CONTENT)
    storage.write(f"x/{MANIFEST}", text.encode())
    with pytest.raises(UploadError, match="cannot be read"):
        uploaded(storage, "x", PREDICTIONS, manifest=sha256_of(text.encode()))


def test_a_file_that_is_larger_than_it_may_be_is_not_read(storage):
    manifest = upload(storage, "x", "a1", {PREDICTIONS: CONTENT})
    with pytest.raises(UploadError, match="larger than 15 bytes"):
        uploaded(storage, "x", PREDICTIONS, manifest=manifest, most_bytes=15)


def test_a_manifest_names_each_file_with_its_size_and_checksum(storage):
    upload(storage, "x", "a1", {PREDICTIONS: CONTENT})
    assert json.loads(storage.read(f"x/{MANIFEST}")) == {
        "attempt": "a1",
        "files": {PREDICTIONS: {"size_bytes": 16, "sha256": sha256_of(CONTENT)}},
    }


def test_a_large_file_comes_to_the_host_with_its_checksum(storage, tmp_path):
    storage.write("archives/one.tar", CONTENT * 200_000)
    assert storage.fetch("archives/one.tar", tmp_path / "copy") == sha256_of(CONTENT * 200_000)
    assert (tmp_path / "copy").read_bytes() == CONTENT * 200_000


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up"])
def test_no_name_leads_out_of_the_storage(storage, name):
    with pytest.raises(ValueError, match="leads out"):
        storage.read(name)
