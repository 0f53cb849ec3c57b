"""Releases and studies: the counts are those of a hand, and of a sealed study nothing is told but counts."""

import re

import pytest
from django.urls import reverse

from benchmark_data.release import Release as Opened
from leaderboard.models import Release
from leaderboard.publishing.summaries import plain_summary
from tests.site.builders import make_release, make_track
from tests.site.pages.markup import faults
from tests.site.pages.small_release import small_summary, store_release, store_sealed, write_small

pytestmark = pytest.mark.django_db


def rows_of(page, caption):
    """The texts of a table's cells, by the head of their row."""
    (table,) = re.findall(rf'<caption id="{caption}-caption">.*?</table>', page, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1], re.DOTALL)
    cells = [[" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in re.split(r"</t[hd]>", row)] for row in rows]
    return {row[0]: row[1:-1] for row in cells}


@pytest.fixture
def release():
    return store_release()


@pytest.fixture
def page(client, release):
    return client.get(reverse("release", args=["small-1.0"])).text


def test_studies_are_counted_as_by_hand(page):
    """The pair (c1, d1) has three of A's four rows. Its ceiling is 1 − .04 / (.08 / 3): of [0, .2, .4] about .2."""
    rows = rows_of(page, "studies")
    assert rows["A The <i>first</i>".replace("<", "&lt;").replace(">", "&gt;")] == [
        *("4", "2", "2", "2", "1", "0.300"),
        "−0.500 on 1 drug, 1 repeated pair",
    ]
    assert rows["B"] == ["3", "3", "3", "1", "0", "0.500", "n/a not estimable: no pair was measured twice"]


def test_overlaps_say_how_many_and_what_share_of_the_columns_study(page):
    """B has c1, c2, c3 and (c1, d2), (c2, d2), (c3, d2); A has c1, c2 of them and (c2, d2)."""
    assert rows_of(page, "shared-cells")["A"] == ["2 100%", "2 66.7%", "n/a a share of nothing"]
    assert rows_of(page, "shared-cells")["B"] == ["2 100%", "3 100%", "n/a a share of nothing"]
    assert rows_of(page, "shared-pairs")["A"] == ["2 100%", "1 33.3%", "n/a a share of nothing"]
    assert rows_of(page, "shared-drugs")["B"] == ["1 50.0%", "1 100%", "n/a a share of nothing"]


def test_tables_say_which_share_of_the_rows_they_cover(page):
    assert rows_of(page, "tables")["cell/expression"] == ["2", "2", "float32", "25.0%", "75.0%", "66.7%", "n/a"]


def test_splits_are_told_by_their_smallest_and_largest(page):
    assert rows_of(page, "splits")["A"] == ["random-rows", "2", "1–2", "1", "1–2"]


def test_every_file_has_its_source_and_licence(page):
    assert rows_of(page, "terms")["x/cell/info"] == ["a paper", "CC BY 4.0"]
    assert "not stated" in page


def test_a_page_tells_the_identity_and_how_to_check_it(page, release):
    assert release.release_id in page
    assert "holdout release verify small-1.0" in page


def test_the_identity_is_the_hash_of_the_manifest_and_a_study_has_that_of_its_file(tmp_path):
    folder = write_small(tmp_path / "small")
    opened = Opened.open(folder)
    made = plain_summary(opened)
    stated = {entry.path: entry.sha256 for entry in opened.manifest.files}
    assert [study["sha256"] for study in made["studies"]] == [
        stated[f"y/{name}.parquet"] for name in ["A", "B", "Empty"]
    ]


@pytest.mark.parametrize("way", ["name", "id"])
def test_a_release_is_found_by_its_name_and_version_and_by_its_hash(client, release, way):
    named = {"name": "small-1.0", "id": release.release_id}[way]
    assert "small 1.0" in client.get(reverse("release", args=[named])).text


def test_of_two_that_read_the_same_the_one_loaded_last_is_found(client, release):
    later = make_release(name="small-1.0", version="0", summary=small_summary())
    earlier = make_release(name="small", version="1.0-0")
    Release.objects.filter(pk=earlier.pk).update(loaded_at=release.loaded_at)
    assert later.release_id in client.get(reverse("release", args=["small-1.0-0"])).text


def test_tracks_that_use_it_are_named(client, release):
    make_track(release=release, title="A track of it")
    assert "A track of it" in client.get(reverse("release", args=["small-1.0"])).text


def test_a_study_shows_its_answers_as_a_figure_that_can_be_saved(client, release):
    """Of 40 bins from 0 to 1, those of 0, .2, .4 and .6 have one row each."""
    address = reverse("study", args=["small-1.0", "A"])
    page = client.get(address).text
    assert page.count(": 1 row</title>") == 4
    assert "median 0.300, half lie between 0.150 and 0.450" in page
    file = client.get(address, {"figure": "distribution"})
    assert file["Content-Type"] == "image/svg+xml"
    assert file.content.startswith(b"<?xml")
    assert client.get(address, {"figure": "nothing"}).status_code == 404


def test_a_drug_counts_for_each_of_its_mechanisms(client, release):
    page = client.get(reverse("study", args=["small-1.0", "A"])).text
    assert rows_of(page, "mechanisms") == {"MEK": ["2", "4"], "&lt;b&gt;RAF&lt;/b&gt;": ["1", "3"]}
    assert rows_of(page, "tissues") == {"lung": ["2", "4"]}


def test_a_study_without_rows_has_its_page(client, release):
    page = client.get(reverse("study", args=["small-1.0", "Empty"])).text
    assert "It has no rows." in page
    assert faults(page) == []


def test_a_long_list_of_mechanisms_is_cut_and_says_so(client, release):
    many = [{"name": f"m{n:03d}", "members": 1, "rows": 1} for n in range(50)]
    studies = [study | {"mechanisms": many} for study in small_summary()["studies"]]
    Release.objects.update(summary=small_summary() | {"studies": studies, "digest": "another"})
    page = client.get(reverse("study", args=["small-1.0", "A"])).text
    assert "50 in all. The 30 largest; 20 more are in the JSON." in page


@pytest.mark.parametrize("state", ["sealed", "live", "frozen", "retired", "released"])
def test_of_a_sealed_study_counts_and_its_commitment_are_told_and_nothing_else(client, release, state):
    study = store_sealed(release, state=state)
    pages = [
        client.get(reverse("sealed_study", args=["small-1.0", "hidden-1"])).text,
        client.get(reverse("release", args=["small-1.0"])).text,
        client.get(f"/api/v1/releases/{release.release_id}/").text,
    ]
    assert "1,234" in pages[0]
    assert study.commitment in pages[0]
    assert all("hidden" in page and "0.123" not in page for page in pages)


def test_a_draft_is_nobodys_to_see(client, release):
    store_sealed(release, state="draft")
    assert client.get(reverse("sealed_study", args=["small-1.0", "hidden-1"])).status_code == 404
    assert "hidden" not in client.get(reverse("release", args=["small-1.0"])).text
    assert client.get(f"/api/v1/releases/{release.release_id}/").json()["sealed_studies"] == []


def test_names_and_descriptions_are_text(client, release):
    store_sealed(release)
    for name, args in (("release", []), ("study", ["A"]), ("sealed_study", ["hidden-1"])):
        page = client.get(reverse(name, args=["small-1.0", *args])).text
        assert not re.search(r"<(i|b)>(first|RAF|lab)", page)


@pytest.mark.parametrize("named", ["nothing", "small", "small-2", "%00", "a\0b", "é", "x" * 500])
def test_what_there_is_not_is_not_found(client, release, named):
    assert client.get(reverse("release", args=[named])).status_code == 404
    assert client.get(reverse("study", args=["small-1.0", named])).status_code == 404
    assert client.get(reverse("sealed_study", args=["small-1.0", named])).status_code == 404


def test_a_release_that_was_not_counted_yet_has_its_page(client):
    make_release(name="old", version="1")
    page = client.get(reverse("release", args=["old-1"])).text
    assert "not counted yet" in page
    assert faults(page) == []
    assert client.get(reverse("releases")).status_code == 200


def test_pages_take_a_few_queries_whatever_there_is(client, release, django_assert_num_queries):
    for number in range(5):
        store_sealed(release, name=f"hidden-{number}", track=make_track(release=release))
    with django_assert_num_queries(2):
        client.get(reverse("releases"))
    address = reverse("release", args=["small-1.0"])
    with django_assert_num_queries(5):
        client.get(address)
    with django_assert_num_queries(4):  # as it was made
        client.get(address)
    with django_assert_num_queries(3):
        client.get(reverse("study", args=["small-1.0", "A"]))
    with django_assert_num_queries(2):
        client.get(reverse("study", args=["small-1.0", "A"]))


def test_an_unchanged_page_is_not_sent_again_and_a_changed_one_is(client, release):
    address = reverse("release", args=["small-1.0"])
    tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    make_track(release=release, title="New track")
    assert "New track" in client.get(address, headers={"If-None-Match": tag}).text
    study = store_sealed(release)
    tag = client.get(address)["ETag"]
    type(study).objects.update(state="frozen")
    assert "frozen" in client.get(address, headers={"If-None-Match": tag}).text


def test_the_same_stands_in_the_api(client, release):
    track = make_track(release=release)
    whole = client.get("/api/v1/releases/small-1.0/").json()
    assert whole["summary"]["overlap"]["pairs"][0][:2] == [1.0, 1 / 3]
    assert whole["tracks"] == [track.slug]
    study = client.get("/api/v1/releases/small-1.0/studies/B/").json()
    assert (study["rows"], study["ceiling"]["r2"]) == (3, {"undefined": "not estimable: no pair was measured twice"})
    assert study["response_quartiles"] == [0.5] * 5
    assert client.get("/api/v1/releases/small-1.0/studies/Empty/").json()["response_quartiles"] == [None] * 5
    assert client.get("/api/v1/releases/small-1.0/studies/C/").status_code == 404
    assert client.get("/api/v1/releases/nothing/").status_code == 404
