"""What a site's answer could make a host do, were the broker taken: names lead nowhere outside of its folders."""

import json

import pytest

from evaluator.agent.messages import Answer, Image, ImageOrigin, Order, StageKind
from evaluator.agent.uploads import Storage
from tests.site.builders import make_spec

IMAGE = Image(ImageOrigin.ARCHIVE, "uploads/x", "0" * 64)


@pytest.mark.parametrize("name", ["../../etc", "/etc/passwd", "a/b", "", "A", "a\0b", ".hidden", "a" * 200, "a\n"])
@pytest.mark.parametrize("of", ["key", "attempt"])
def test_an_orders_names_name_no_other_folder(name, of):
    values = {"key": "k", "attempt": "a", of: name}
    with pytest.raises(ValueError, match="names no stage"):
        Order(token="t", kind=StageKind.TRAIN, spec=make_spec(), image=IMAGE, **values)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "uploads/../../x", ".."])
def test_a_name_in_storage_leads_not_out_of_it(tmp_path, name):
    storage = Storage(str(tmp_path / "storage"))
    for act in (
        lambda: storage.read(name),
        lambda: storage.write(name, b""),
        lambda: storage.fetch(name, tmp_path / "x"),
    ):
        with pytest.raises(ValueError, match="leads out"):
            act()


@pytest.mark.parametrize("orders", [[{}], [None], "x", {"a": 1}, [[]], 5])
def test_an_answer_of_a_wrong_shape_is_no_answer(orders):
    said = {"host": "h", "boot_id": "b", "sequence": 1, "lease_s": 60, "orders": orders}
    with pytest.raises((LookupError, TypeError, ValueError)):
        Answer.from_json(json.loads(json.dumps(said)))
