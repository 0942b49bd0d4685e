"""What goes into a pack comes out of it."""

from pillarbox.bulk.model import Content, Entry
from pillarbox.bulk.pack import pack, unpack_content, unpack_entries
from pillarbox.outbound.model import Attachment


def test_a_content():
    content = Content(
        sender="a@b.example",
        subject="Grüße {{name}}",
        html="<p>\u2028</p>",
        metadata={"k": "v"},
        headers=[("X-A", None), ("X-B", "b")],
        track_opens=False,
        attachments=[Attachment(name="a.txt", content="eA==", content_id=None)],
    )
    assert unpack_content(pack(content)) == content


def test_entries():
    model = {"a": [1, 2.5, None, True, {"b": "ü"}], "big": 10**30, "": ""}
    entries = [Entry(to="a@b.example", model=model), Entry(), Entry(metadata={"k": "v"})]
    assert unpack_entries(pack(entries)) == entries


def test_a_pack_of_many_is_small():
    entries = [Entry(to=f"user{n}@one.example", model={"first_name": "Ada"}) for n in range(250)]
    assert len(pack(entries)) < 4000
