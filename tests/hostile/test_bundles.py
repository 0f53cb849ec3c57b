"""Bundles of sealed studies as an attacker would send them: each is refused in one sentence, and none does any harm.

Unless it says otherwise, a forged bundle lists its own files rightly: checksums alone stop nobody who writes both.
"""

import hashlib
import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmark_data import parquet_footer, sealed_tar
from benchmark_data.errors import ReleaseError
from benchmark_data.sealed_ask import ask
from benchmark_data.sealed_study import parse_query, read
from benchmark_data.study_facts import LARGEST_STUDY_BYTES, parse_study
from tests.sealing.builders import forge, make_npy, make_parquet, make_release, seal

QUERY = {
    "row_id": [0, 1, 2, 3, 4, 5],
    "cell_id": ["c1", "c1", "c1", "c2", "c5", "c5"],
    "drug_id": ["d1", "d3", "d3", "d2", "d1", "d3"],
}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("hostile") / "release")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, release):
    return read(Path(seal(tmp_path_factory.mktemp("sealed"), release).folder))


@pytest.fixture
def folder(bundle, tmp_path):
    return Path(shutil.copytree(bundle.folder, tmp_path / "copy"))


def refused(folder, what):
    with pytest.raises(ReleaseError, match=what) as refusal:
        read(folder)
    assert len(str(refusal.value).splitlines()) == 1
    assert str(refusal.value).isprintable()


def test_the_query_of_this_module_is_a_right_one(bundle, tmp_path):
    assert len(read(forge(bundle, tmp_path / "f", files={"query.parquet": make_parquet(QUERY)})).query()) == 6


def change(document, **parts):
    document.update(parts)


def without(document, key):
    del document[key]


def first_file(document, **parts):
    document["file"][0].update(parts)


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        (lambda d: change(d, format=2), "format is 2; this version of Holdout reads format 1"),
        (lambda d: change(d, answers=[1]), "answers is not a known key"),
        (lambda d: change(d, **{"\x1b[2J": 1}), r"\?\[2J is not a known key"),
        (lambda d: change(d, **{"x" * 10_000: 1}), "x{300}$"),
        (lambda d: without(d, "commitment"), "commitment is missing"),
        (lambda d: change(d, rows="6"), "rows is '6'; a whole number is wanted"),
        (lambda d: change(d, rows=0), "from 1 to 10,000,000 rows"),
        (lambda d: change(d, rows=-6), "from 1 to 10,000,000 rows"),
        (lambda d: change(d, rows=10**12), "from 1 to 10,000,000 rows"),
        (lambda d: change(d, rows=7), "y.sealed has not the size of 7 sealed answers"),
        (lambda d: change(d, new_cells=4), "more cells or drugs are new than there are"),
        (lambda d: change(d, cells=2), "does not ask about the 2 cells"),
        (lambda d: change(d, name="../up"), "'../up' is not a name"),
        (lambda d: change(d, version="1/2"), "'1/2' is not a name"),
        (lambda d: change(d, measured_at="soon"), "measured_at is 'soon'; a date is wanted"),
        (lambda d: change(d, measured_at=d["readable_at"].replace(year=2030)), "is before measured_at"),
        (lambda d: change(d, dose_low_m=float("nan")), "concentrations in mol/l"),
        (lambda d: change(d, dose_high_m=-1.0), "concentrations in mol/l"),
        (lambda d: change(d, producer=" "), "producer, licence and release_name are not empty"),
        (lambda d: change(d, licence="\x1b[2J"), "holds control characters"),
        (lambda d: change(d, without=["a\nb"]), "holds control characters"),
        (lambda d: change(d, description="x" * 4001), "is longer than 4,000 letters"),
        (lambda d: change(d, commitment="0" * 63), "'commitment' is no sha256 in hex"),
        (lambda d: change(d, key_id="G" * 64), "'key_id' is no sha256 in hex"),
        (lambda d: change(d, task="guess"), "task is 'guess'"),
        (lambda d: first_file(d, path="../../etc/passwd"), "is not a plain path inside the release"),
        (lambda d: first_file(d, path="/etc/passwd"), "is not a plain path inside the release"),
        (lambda d: first_file(d, path="extra.bin"), "belongs to nothing, or is needed and not listed"),
        (lambda d: first_file(d, sha256="x"), "is no sha256 in hex"),
        (lambda d: first_file(d, size_bytes=-1), "a bundle has at most 1,000 files"),
        (lambda d: first_file(d, size_bytes=1 << 40), "a bundle has at most 1,000 files"),
        (lambda d: d["file"].append(d["file"][0]), "a table or a file stands twice"),
        (lambda d: d["table"].append(d["table"][0]), "a table or a file stands twice"),
        (lambda d: d["table"].append(d["table"][0] | {"name": "more"}), "is needed and not listed"),
        (lambda d: d["table"][0].update(name="a/../../b"), "is not a name"),
    ],
)
def test_a_document_that_says_what_it_must_not_is_refused(bundle, tmp_path, toml, what):
    refused(forge(bundle, tmp_path / "f", toml=toml), what)


@pytest.mark.parametrize(
    "content",
    [b"\xff", b"= 1", b"a = " + b"[" * 5000, b"a = " + b"9" * 5000, b"", b"#" * (LARGEST_STUDY_BYTES + 1)],
    ids=["bytes", "no key", "nested", "digits", "empty", "huge"],
)
def test_a_document_that_is_none_is_refused(content, folder):
    (folder / "study.toml").write_bytes(content)
    with pytest.raises(ReleaseError):
        read(folder)
    with pytest.raises(ReleaseError):
        parse_study(content)


@pytest.mark.parametrize("path", ["query.parquet", "cells.parquet", "x/cell/expression.npy", "y.sealed"])
def test_a_file_that_is_not_the_one_that_is_listed_is_named(folder, path):
    content = bytearray((folder / path).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / path).write_bytes(content)
    refused(folder, f"{path} is not the file that study.toml lists")


def test_a_file_that_is_missing_is_named(folder):
    (folder / "drugs.parquet").unlink()
    refused(folder, r"drugs\.parquet cannot be read")


@pytest.mark.parametrize("path", ["more.txt", "x/cell/more.npy", "y.parquet"])
def test_a_file_that_is_not_listed_is_named_and_not_opened(folder, path):
    os.mkfifo(folder / path)  # whoever opened it would wait for ever
    refused(folder, "is not listed in study.toml: remove it")


@pytest.mark.parametrize("path", ["query.parquet", "x/cell/expression.npy", "y.sealed"])
def test_a_link_is_not_followed(folder, tmp_path, path):
    (folder / path).rename(tmp_path / "elsewhere")
    (folder / path).symlink_to(tmp_path / "elsewhere")
    refused(folder, "is a link: a bundle is made of its own files")


def test_a_linked_folder_is_not_followed(folder, tmp_path):
    (folder / "x").rename(tmp_path / "elsewhere")
    (folder / "x").symlink_to(tmp_path / "elsewhere")
    refused(folder, "'x' is a link")


def test_a_linked_document_is_not_followed(folder, tmp_path):
    (folder / "study.toml").rename(tmp_path / "elsewhere")
    (folder / "study.toml").symlink_to(tmp_path / "elsewhere")
    refused(folder, r"study\.toml cannot be read")


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_not_opened(folder, kind):
    (folder / "y.sealed").unlink()
    os.mkfifo(folder / "y.sealed") if kind == "pipe" else (folder / "y.sealed").mkdir()
    refused(folder, r"y\.sealed is not a file")


def nested():
    return make_parquet(QUERY | {"drug_id": [["d1"]] * 6})


@pytest.mark.parametrize(
    ("query", "what"),
    [
        (lambda: make_parquet(QUERY | {"auc": [0.5] * 6}), "has not the columns row_id, cell_id, drug_id"),
        (lambda: make_parquet({"row_id": [0] * 6}), "has not the columns"),
        (lambda: make_parquet(QUERY | {"row_id": [0.5] * 6}), "column 'row_id' holds double"),
        (lambda: make_parquet(QUERY | {"cell_id": [1] * 6}), "column 'cell_id' holds int64"),
        (nested, "is nested"),
        (lambda: make_parquet(QUERY | {"row_id": [0, 0, 1, 2, 3, 4]}), "a row_id stands twice"),
        (lambda: make_parquet(QUERY | {"row_id": [0, 1, 2, 3, 4, None]}), "'row_id' has 1 empty values"),
        (lambda: make_parquet(QUERY | {"cell_id": ["c1"] * 5 + [None]}), "'cell_id' has 1 empty values"),
        (lambda: make_parquet(QUERY | {"cell_id": ["c1"] * 5 + [""]}), "'' is empty, too long"),
        (lambda: make_parquet(QUERY | {"cell_id": ["c1"] * 5 + ["c" * 201]}), "is empty, too long"),
        (lambda: make_parquet(QUERY | {"cell_id": ["c1"] * 5 + ["\x1b[2J"]}), "or control characters"),
        (lambda: make_parquet(QUERY | {"cell_id": ["c1"] * 5 + [" c2"]}), "has blanks around"),
        (lambda: make_parquet(QUERY | {"cell_id": pa.array([b"\xff"] * 6)}), "text that is not UTF-8"),
        (lambda: make_parquet({key: values[:5] for key, values in QUERY.items()}), "has 5 rows, and study.toml says 6"),
        (lambda: make_parquet({key: values * 2 for key, values in QUERY.items()}), "has 12 rows"),
        (lambda: make_parquet(QUERY | {"cell_id": ["c1"] * 6}), "does not ask about the 3 cells"),
        (lambda: make_parquet(QUERY | {"drug_id": ["d1", "d2", "d3", "d4", "d5", "d6"]}), "the 3 drugs"),
        (lambda: make_parquet(QUERY)[:-9], "does not begin and end as a Parquet file"),
        (lambda: b"PAR1" + bytes(100) + b"PAR1", "cannot be read as Parquet"),
        (lambda: b"", "does not begin and end as a Parquet file"),
    ],
)
def test_a_query_that_is_none_is_refused(bundle, tmp_path, query, what):
    refused(forge(bundle, tmp_path / "f", files={"query.parquet": query()}), what)


def test_a_query_with_a_hundred_thousand_pages_is_not_expanded(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_footer, "MOST_PAGES", 4)
    content = make_parquet(QUERY, row_group_size=1)
    refused(forge(bundle, tmp_path / "f", files={"query.parquet": content}), "has more than 4 pages")


def test_a_page_that_says_to_expand_to_gibibytes_is_not_expanded(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_footer, "_page_sizes", lambda *_: iter([1 << 40]))
    refused(
        forge(bundle, tmp_path / "f", files={"query.parquet": make_parquet(QUERY)}),
        "bytes, more than its rows can take",
    )


def test_one_long_word_for_every_row_takes_the_memory_of_one(bundle):
    rows = 200_000
    word = pa.array(["c" * 150]).dictionary_encode()
    many = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), word.dictionary)
    content = make_parquet({"row_id": np.arange(rows), "cell_id": many, "drug_id": many})
    facts = bundle.facts
    listed = facts.listed("query.parquet")
    again = replace(listed, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    files = tuple(again if file is listed else file for file in facts.file)
    before = pa.total_allocated_bytes()
    query = parse_query(content, replace(facts, rows=rows, cells=1, drugs=1, file=files))
    assert pa.total_allocated_bytes() - before < rows * 150
    assert (len(query), query.cell_ids) == (rows, ("c" * 150,))


def npy(values, **options):
    return {"x/cell/expression.npy": make_npy(values, **options)}


def renamed(**lines):
    return {f"x/cell/expression.{name}.txt": text for name, text in lines.items()}


ROW = np.zeros((1, 3), np.float32)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (npy(ROW.astype(np.float64)), "its header is not that of 1 × 3 float32 or uint8"),
        (npy(ROW.astype(">f4")), "its header is not that of"),
        (npy(np.zeros((2, 3), np.float32)), "its header is not that of"),
        (npy(np.asfortranarray(np.zeros((1, 3, 1), np.float32))), "its header is not that of"),
        (npy(np.array([[{"a": 1}, 2, 3]], object), allow_pickle=True), "its header is not that of"),
        ({"x/cell/expression.npy": make_npy(ROW)[:-1]}, "more or fewer than its header says"),
        ({"x/cell/expression.npy": make_npy(ROW) + b"\0"}, "more or fewer than its header says"),
        ({"x/cell/expression.npy": make_npy(ROW).replace(b"NUMPY\x01", b"NUMPY\x03")}, "its header is not that of"),
        ({"x/cell/expression.npy": b"\x93NUMPY\x01\x00\xff\xff"}, "its header is not that of"),
        ({"x/cell/expression.npy": b""}, "its header is not that of"),
        ({"x/cell/expression.npy": make_npy(ROW)[:8] + b"\xff\xff" + make_npy(ROW)[10:128].ljust(65535)}, "its header"),
        (renamed(columns=b"") | npy(np.zeros((1, 0), np.float32)), "its header is not that of 1 × 0 float32"),
        (npy(np.array([[1, np.inf, 2]], np.float32)), "holds an infinite value"),
        (renamed(rows=b"c6\n"), "is not about all of the bundle's new cells and them alone"),
        (renamed(rows=b"c5"), "its last line has no end"),
        (renamed(rows=b"c5\xff\n"), "is not UTF-8"),
        (renamed(columns=b"g1\ng1\ng2\n"), "an id stands twice"),
        (renamed(columns=b"g1\n\ng2\n"), "'' is empty, too long"),
        (renamed(columns=b"g1\ng\x00\ng2\n"), "or control characters"),
        (renamed(columns="g1\ng\u2028\ng2\n".encode()), "or control characters"),
        ({"cells.parquet": make_parquet({"cell_id": ["c6"]})}, "not about all of the bundle's new cells"),
        ({"cells.parquet": make_parquet({"cell_id": ["c5"], "n": [1]})}, "column 'n' holds int64"),
        ({"cells.parquet": make_parquet({"name": ["c5"]})}, "has not the columns cell_id and others once"),
        ({"cells.parquet": make_parquet({"cell_id": ["c5"]} | {f"k{i}": ["a"] for i in range(70)})}, "has not the col"),
        ({"cells.parquet": make_parquet({"cell_id": ["c5"], "name": ["x" * 10_001]})}, "is empty, too long"),
        ({"x/drug/smiles.parquet": make_parquet({"drug_id": ["d4"], "smiles": ["C"]})}, "the bundle's new drugs"),
    ],
)
def test_parts_that_are_not_what_they_say_are_refused(bundle, tmp_path, files, what):
    refused(forge(bundle, tmp_path / "f", files=files), what)


def test_an_id_that_stands_twice_in_a_list_is_refused(bundle, tmp_path):
    files = {"cells.parquet": make_parquet({"cell_id": ["c5", "c5"]})}
    refused(forge(bundle, tmp_path / "f", files=files, toml=lambda d: change(d, new_cells=2)), "stands twice")


def answered(bundle, release, what):
    with pytest.raises(ReleaseError, match=what):
        ask(bundle, release)


def test_a_study_of_another_release_is_refused(bundle, tmp_path):
    other = make_release(tmp_path / "other", rows={"row_id": [1], "cell_id": ["c1"], "drug_id": ["d1"], "auc": [0.5]})
    answered(bundle, other, "was made for release small .* and this one is small")


@pytest.mark.parametrize(
    ("files", "toml", "what"),
    [
        ({}, lambda d: d["response"].update(high=2.0), "has another task or response than its release"),
        ({}, lambda d: change(d, task="classification"), "has another task or response"),
        (npy(ROW.astype(np.uint8)), None, "cell/expression has other columns, or another kind of number"),
        (renamed(columns=b"g1\ng2\ng4\n"), None, "cell/expression has other columns"),
        (
            {"query.parquet": make_parquet(QUERY | {"cell_id": ["c1", "c1", "c1", "c7", "c5", "c5"]})},
            None,
            "has cell 'c7', in neither the release nor cells.parquet",
        ),
        (
            {"query.parquet": make_parquet(QUERY | {"cell_id": ["c1", "c1", "c1", "c2", "c3", "c3"]})},
            None,
            "has 'c5', which nothing is asked about",
        ),
        (
            {
                "cells.parquet": make_parquet({"cell_id": ["c2"]}),
                "x/cell/expression.rows.txt": b"c2\n",
                "query.parquet": make_parquet(QUERY | {"cell_id": ["c1", "c1", "c1", "c2", "c3", "c3"]}),
            },
            None,
            "has 'c2', which the release lists already",
        ),
    ],
)
def test_a_study_that_does_not_fit_its_release_is_refused(bundle, release, tmp_path, files, toml, what):
    answered(read(forge(bundle, tmp_path / "f", files=files, toml=toml)), release, what)


def drop_table(document, name):
    document["table"] = [table for table in document["table"] if table["name"] != name]
    document["file"] = [file for file in document["file"] if f"/{name}." not in file["path"]]


def forged_without(bundle, folder, name):
    place = forge(bundle, folder, toml=lambda document: drop_table(document, name))
    for path in place.rglob(f"{name}.*"):
        path.unlink()
    return read(place)


@pytest.mark.parametrize(("name", "said"), [("expression", "cell/expression"), ("smiles", "drug/smiles")])
def test_a_study_that_lacks_a_table_without_saying_so_is_refused(bundle, release, tmp_path, name, said):
    answered(forged_without(bundle, tmp_path / "f", name), release, f"lacks table {said} for its new")


def rename_table(document):
    for table in document["table"]:
        table["name"] = table["name"].replace("expression", "expressions")
    for file in document["file"]:
        file["path"] = file["path"].replace("expression", "expressions")


def test_a_table_that_the_release_does_not_have_is_refused(bundle, release, tmp_path):
    place = forge(bundle, tmp_path / "f", toml=lambda d: (rename_table(d), change(d, without=["cell/expression"])))
    for path in list(place.rglob("expression.*")):
        path.rename(path.with_name(path.name.replace("expression", "expressions")))
    answered(read(place), release, "the release has no table cell/'expressions'")


def test_a_table_of_another_kind_is_refused(bundle, release, tmp_path):
    def as_text(document):
        drop_table(document, "morgan")
        document["table"].append({"entity": "drug", "name": "morgan", "kind": "text"})
        smiles = next(file for file in document["file"] if file["path"] == "x/drug/smiles.parquet")
        document["file"].append(smiles | {"path": "x/drug/morgan.parquet"})

    place = forge(bundle, tmp_path / "f", toml=as_text)
    for path in list(place.rglob("morgan.*")):
        path.unlink()
    shutil.copy(place / "x/drug/smiles.parquet", place / "x/drug/morgan.parquet")
    answered(read(place), release, "drug/morgan is a text table, and the release's is a matrix table")


@pytest.fixture
def tar(bundle, tmp_path):
    return sealed_tar.pack(bundle, tmp_path)


def unpack_refused(tar, content, what):
    tar.write_bytes(content)
    with pytest.raises(ReleaseError, match=what) as refusal:
        sealed_tar.unpack(tar, tar.parent / "unpacked")
    assert str(refusal.value).isprintable()
    assert not (tar.parent / "unpacked").exists()


def repacked(bundle, path, change=lambda member: member, format=tarfile.USTAR_FORMAT, mode="w"):
    with tarfile.open(path, mode, format=format) as out:
        for name in ["study.toml", *(file.path for file in bundle.facts.file)]:
            member = tarfile.TarInfo(name)
            member.size = (bundle.folder / name).stat().st_size
            with (bundle.folder / name).open("rb") as file:
                member = change(member)
                out.addfile(member, file if member.isreg() else None)
    return path.read_bytes()


def altered(**parts):
    def change(member):
        if member.name == "query.parquet":
            for name, value in parts.items():
                setattr(member, name, value)
        return member

    return change


@pytest.mark.parametrize(
    "parts",
    [
        {"name": "../query.parquet"},
        {"name": "/query.parquet"},
        {"name": "y.parquet"},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "study.toml"},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.DIRTYPE},
        {"type": tarfile.CONTTYPE},
        {"mode": 0o4755},
        {"uid": 1},
        {"mtime": 1},
        {"uname": "root"},
        {"name": "query.parquet" + "x" * 200},
    ],
    ids=str,
)
def test_a_member_that_is_not_written_as_we_write_it_is_refused(bundle, tar, parts):
    content = repacked(bundle, tar.with_suffix(".x"), altered(**parts), format=tarfile.GNU_FORMAT)
    unpack_refused(tar, content, "is not 'query.parquet' as listed|packed again")


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_another_dialect_with_long_names_is_refused(bundle, tar, format):
    content = repacked(bundle, tar.with_suffix(".x"), altered(name="q" * 300), format=format)
    unpack_refused(tar, content, "as listed|packed again")


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_a_compressed_archive_is_refused(bundle, tar, mode):
    unpack_refused(tar, repacked(bundle, tar.with_suffix(".x"), mode=mode), "or one that was packed again")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda content: content[:0], "not the archive of a sealed study"),
        (lambda content: content[:512], "ends within study.toml"),
        (lambda content: content[:100], "not the archive of a sealed study"),
        (lambda content: content[:-1], "or its end is missing"),
        (lambda content: content[:-1024], "or its end is missing"),
        (lambda content: content + b"\0", "something follows the last file"),
        (lambda content: content + b"more", "something follows the last file"),
        (lambda content: content[:-3000], "ends within|as listed"),
        (lambda content: content.replace(b"00000000000\x00", b"77777777777\x00", 1), "not the archive|packed again"),
        (lambda content: b"\x80" * 512 + content[512:], "not the archive of a sealed study"),
    ],
    ids=range(10),
)
def test_an_archive_cut_short_or_continued_is_refused(tar, spoil, what):
    unpack_refused(tar, spoil(tar.read_bytes()), what)


def test_a_file_of_the_archive_that_is_not_as_listed_is_refused(bundle, tar):
    content = tar.read_bytes()
    sealed = bundle.sealed()
    unpack_refused(tar, content.replace(sealed, bytes(len(sealed))), "'y.sealed' in the archive is not the file that")


def test_what_hides_in_the_padding_of_the_archive_is_refused(bundle, tar):
    content = bytearray(tar.read_bytes())
    content[512 + (bundle.folder / "study.toml").stat().st_size] = 1
    unpack_refused(tar, bytes(content), r"ends within study\.toml")


def test_an_archive_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ReleaseError, match=r"a\.tar cannot be unpacked: No such file"):
        sealed_tar.unpack(tmp_path / "a.tar", tmp_path / "f")
