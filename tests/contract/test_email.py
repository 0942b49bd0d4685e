"""POST /email and POST /email/batch. Source: spec sending 2 and 3, overview 2.2."""

import base64
import re
from email import message_from_bytes, policy

import pytest

from pillarbox.ids import key_of
from pillarbox.outbound.store import messages
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression
from tests.contract.conftest import refusal

MAIL = {
    "From": "Shop <shop@sender.example>",
    "To": "ann@one.example",
    "Subject": "S",
    "TextBody": "T",
}
PNG = base64.b64encode(b"\x89PNG....").decode()
INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: {}. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual "
    "suppression."
)


async def source(app, answer):
    key = key_of(answer.json()["MessageID"])
    assert key is not None
    raw = await app.db.read(lambda tx: messages.find_raw(tx, key))
    return message_from_bytes(raw, policy=policy.default)


async def total(api) -> int:
    return int((await api.get("/messages/outbound?count=1&offset=0")).json()["TotalCount"])


async def suppress(app, server, *addresses: str) -> None:
    with app.db.transaction() as tx:
        held = [
            Suppression(
                stream_key=server.streams["outbound"].key,
                address=address,
                reason=Reason.HARD_BOUNCE,
                origin=Origin.RECIPIENT,
                created_at=tx.now,
            )
            for address in addresses
        ]
        suppressions.insert(tx, held)


async def test_the_answer(api):
    answer = await api.post(
        "/email", json=MAIL | {"To": '"Berg, Tom" <Tom@one.example>, ann@one.example'}
    )
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["To", "SubmittedAt", "MessageID", "ErrorCode", "Message"]
    assert body["To"] == '"Berg, Tom" <Tom@one.example>, ann@one.example'
    assert body["ErrorCode"] == 0
    assert body["Message"] == "OK"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["MessageID"])
    assert body["SubmittedAt"] == "2026-03-04T14:15:02.8782710Z"


async def test_without_to_the_answer_has_none(api):
    answer = await api.post("/email", json=MAIL | {"To": "", "Bcc": "hidden@one.example"})
    assert answer.status_code == 200
    assert "To" not in answer.json()


async def test_the_whole_message_as_it_is_sent(api, app):
    answer = await api.post(
        "/email",
        json={
            "From": "Garden Club <hello@garden-club.example>",
            "To": 'Ines Ruiz <ines@garden-club.example>, "Berg, Tom" <tom@garden-club.example>',
            "Bcc": "archive@garden-club.example",
            "Subject": "Your seed order €",
            "Tag": "order-shipped",
            "HtmlBody": '<p>On its way. <img src="cid:logo1"></p>',
            "TextBody": "On its way.",
            "ReplyTo": "support@garden-club.example",
            "Headers": [
                {"Name": "X-Order", "Value": "1187"},
                {"Name": "Message-ID", "Value": "<1187@garden-club.example>"},
            ],
            "Metadata": {"order": "1187"},
            "Attachments": [
                {
                    "Name": "logo.png",
                    "Content": PNG,
                    "ContentType": "image/png",
                    "ContentID": "cid:logo1",
                },
                {"Name": "a.txt", "Content": "aGVs\r\nbG8=", "ContentType": "text/plain"},
            ],
        },
    )
    mail = await source(app, answer)
    assert mail["From"] == "Garden Club <hello@garden-club.example>"
    assert "tom@garden-club.example" in mail["To"]
    assert mail["Bcc"] is None
    assert "archive@" not in mail.as_string()
    assert mail["Subject"] == "Your seed order €"
    assert mail["Reply-To"] == "support@garden-club.example"
    assert mail["X-Order"] == "1187"
    assert mail.get_all("Message-ID") == ["<1187@garden-club.example>"]
    assert mail["X-PM-Message-Id"] == answer.json()["MessageID"]
    assert mail["X-PM-Tag"] == "order-shipped"
    assert mail["Date"]
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/plain",
    ]
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert image["Content-ID"] == "<logo1>"
    assert image.get_content_disposition() == "inline"
    attached = next(part for part in mail.walk() if part.get_filename() == "a.txt")
    assert attached.get_payload(decode=True) == b"hello"


NO_AT = "Error parsing '{0}': Illegal email address '{1}'. It must contain the '@' symbol."
BAD_DOMAIN = "Error parsing '{0}': Illegal email domain '{2}' in address '{1}'."
BAD_MAILBOX = "Error parsing '{0}': Illegal email mailbox '{2}' in address '{1}'."
INVALID = "Invalid '{0}' address: '{1}'."


@pytest.mark.parametrize(
    ("value", "text", "part"),
    [
        ("johne.xample.com", NO_AT, ""),
        ("user@+", BAD_DOMAIN, "+"),
        ("a@yahoo.com.", BAD_DOMAIN, "yahoo.com."),
        ("invalid@localhost", INVALID, ""),
        ("a b@one.example", INVALID, ""),
        ("ü@one.example", BAD_MAILBOX, "ü"),
        ("@one.example", INVALID, ""),
        (".a@one.example", INVALID, ""),
        ("a..b@one.example", INVALID, ""),
    ],
)
@pytest.mark.parametrize(
    ("field", "shown"), [("To", "To"), ("Cc", "Cc"), ("Bcc", "Bcc"), ("ReplyTo", "Reply-To")]
)
async def test_addresses_that_are_none(api, field, shown, value, text, part):
    answer = await api.post("/email", json=MAIL | {field: value})
    assert refusal(answer) == (422, 300, text.format(shown, value, part))


async def test_a_quoted_address_that_holds_another(api):
    answer = await api.post("/email", json=MAIL | {"To": '"Jimmy <a@example.com>"'})
    wanted = "Error parsing 'To': Illegal email domain 'example.com>' in address 'Jimmy <a@example.com>'."
    assert refusal(answer) == (422, 300, wanted)


LIMITS = (
    "Invalid metadata content. Field names are limited to 20 characters, values are limited to "
    "80 characters, and you may include up to 10 fields."
)
TOO_MANY = "Maximum of 50 recipients allowed per email message."
UNKNOWN_STREAM = "The stream provided: 'nope' does not exist on this server."


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"From": None}, 300, "Invalid 'From' value."),
        ({"From": ""}, 300, "Invalid 'From' value."),
        ({"From": "webmaster@localhost"}, 300, "Invalid 'From' address: 'webmaster@localhost'."),
        ({"From": "nobody"}, 300, "Invalid 'From' address: 'nobody'."),
        ({"To": None}, 300, "Zero recipients specified"),
        (
            {"To": ",".join(["a@b.example"] * 51)},
            300,
            "Maximum of 50 recipients allowed per email message.",
        ),
        (
            {"To": ",".join(["a@b.example"] * 50), "Cc": "c@b.example"},
            300,
            "Maximum of 50 recipients allowed per email message.",
        ),
        ({"TextBody": None}, 300, "Provide either email TextBody or HtmlBody or both."),
        (
            {"TextBody": "", "HtmlBody": ""},
            300,
            "Provide either email TextBody or HtmlBody or both.",
        ),
        (
            {"Subject": "s" * 2001},
            300,
            "The 'Subject' is too long. The maximum length is 2000 characters.",
        ),
        ({"Tag": "t" * 1001}, 300, "The 'Tag' is too long. The maximum length is 1000 characters."),
        (
            {"TextBody": "x" * 5_242_881},
            300,
            "The 'TextBody' is too long. The maximum size is 5 MB.",
        ),
        (
            {"HtmlBody": "é" * 2_621_441},
            300,
            "The 'HtmlBody' is too long. The maximum size is 5 MB.",
        ),
        ({"TrackLinks": "Some"}, 300, "Invalid 'TrackLinks' value."),
        ({"Headers": [{"Value": "x"}]}, 300, "Invalid header."),
        ({"Headers": [{"Name": "X:Y", "Value": "x"}]}, 300, "Invalid header."),
        ({"Headers": [{"Name": "X\r\nBcc", "Value": "x"}]}, 300, "Invalid header."),
        ({"Headers": [{"Name": "Bcc", "Value": "x"}]}, 300, "Header 'Bcc' not allowed."),
        (
            {"Headers": [{"Name": "dkim-signature", "Value": "x"}]},
            300,
            "Header 'dkim-signature' not allowed.",
        ),
        ({"Metadata": {"k" * 21: "v"}}, 300, LIMITS),
        ({"Metadata": {"k": "v" * 81}}, 300, LIMITS),
        ({"Metadata": {f"k{n}": "v" for n in range(11)}}, 300, LIMITS),
        ({"Metadata": {"k": "1", "K": "2"}}, 300, LIMITS),
        (
            {"Attachments": [{"Name": "a.EXE", "Content": PNG}]},
            411,
            "Attachment file type not allowed.",
        ),
        (
            {"Attachments": [{"Name": "a.txt", "Content": "!!"}]},
            300,
            "Invalid attachment content for 'a.txt'.",
        ),
        ({"Attachments": [{"Name": "a.txt"}]}, 300, "Invalid attachment content for 'a.txt'."),
        ({"Attachments": [{"Content": PNG}]}, 300, "Invalid attachment content for ''."),
        (
            {"Attachments": [{"Name": "a.txt", "Content": "QQ"}]},
            300,
            "Invalid attachment content for 'a.txt'.",
        ),
        (
            {"MessageStream": "nope"},
            1235,
            "The stream provided: 'nope' does not exist on this server.",
        ),
        ({"MessageStream": "inbound"}, 1236, "Sending is not supported for this stream type."),
        (
            {"MessageStream": "nope", "From": ""},
            1235,
            "The stream provided: 'nope' does not exist on this server.",
        ),
        ({"From": "", "To": "x"}, 300, "Invalid 'From' value."),
        ({"To": "", "TextBody": ""}, 300, "Zero recipients specified"),
    ],
)
async def test_refused_and_nothing_kept(api, change, code, text):
    assert refusal(await api.post("/email", json=MAIL | change)) == (422, code, text)
    assert await total(api) == 0


async def test_attachments_that_are_too_big_by_their_base64_text(api):
    half = base64.b64encode(b"x" * 3_932_160).decode()
    assert len(half) == 5_242_880
    files = [{"Name": "a.txt", "Content": half}, {"Name": "b.txt", "Content": half}]
    batch = await api.post("/email/batch", json=[MAIL | {"Attachments": files}])
    assert batch.json()[0]["ErrorCode"] == 0  # exactly the limit
    files.append({"Name": "c.txt", "Content": "QQ=="})
    batch = await api.post("/email/batch", json=[MAIL | {"Attachments": files}])
    assert batch.json() == [
        {
            "ErrorCode": 300,
            "Message": "Attachments too big. The total size should be less than 10485760 bytes.",
        }
    ]


async def test_line_breaks_never_make_a_header(api, app):
    answer = await api.post(
        "/email",
        json=MAIL
        | {
            "Subject": "a\r\nBcc: evil@one.example",
            "Tag": "t\nX-Evil: 1",
            "Headers": [{"Name": "X-Mine", "Value": "v\r\nX-Evil: 1"}],
        },
    )
    mail = await source(app, answer)
    assert mail["Subject"] == "a Bcc: evil@one.example"
    assert mail["X-Evil"] is None
    assert mail["Bcc"] is None


async def test_all_recipients_suppressed(api, app, server):
    await suppress(app, server, "gone@one.example", "left@one.example")
    answer = await api.post(
        "/email", json=MAIL | {"To": "Gone@one.example", "Cc": "X <left@one.example>"}
    )
    assert refusal(answer) == (422, 406, INACTIVE.format("gone@one.example, left@one.example"))
    assert await total(api) == 0


async def test_some_recipients_suppressed(api, app, server):
    await suppress(app, server, "gone@one.example")
    answer = await api.post("/email", json=MAIL | {"To": "ann@one.example, Gone@one.example"})
    assert answer.status_code == 200
    assert answer.json()["ErrorCode"] == 0
    assert answer.json()["Message"] == (
        "Message OK, but will not deliver to these inactive addresses: gone@one.example. "
        "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
    )


async def test_a_batch_answers_item_by_item(api, app, server):
    await suppress(app, server, "gone@one.example")
    answer = await api.post(
        "/email/batch",
        json=[MAIL, MAIL | {"To": "gone@one.example"}, MAIL | {"To": "bob.one.example"}, MAIL],
    )
    good, held, bad, last = answer.json()
    assert good["Message"] == last["Message"] == "OK"
    assert held == {"ErrorCode": 406, "Message": INACTIVE.format("gone@one.example")}
    assert bad == {"ErrorCode": 300, "Message": NO_AT.format("To", "bob.one.example")}
    assert await total(api) == 2


async def test_the_limits_of_a_batch(api):
    assert (await api.post("/email/batch", json=[])).json() == []
    answer = await api.post("/email/batch", json=[MAIL] * 500)
    assert len(answer.json()) == 500
    answer = await api.post("/email/batch", json=[MAIL] * 501)
    wanted = "You may only send up to 500 messages in a single batched request."
    assert refusal(answer) == (422, 410, wanted)
    assert await total(api) == 500


async def test_the_test_token_checks_and_keeps_nothing(api):
    token = {"X-Postmark-Server-Token": "postmark_api_test"}
    answer = await api.post("/email", json=MAIL | {"MessageStream": "nope"}, headers=token)
    assert answer.status_code == 200
    assert answer.json()["Message"] == "Test job accepted"
    refused = await api.post("/email", json=MAIL | {"From": "webmaster@localhost"}, headers=token)
    assert refusal(refused) == (422, 300, "Invalid 'From' address: 'webmaster@localhost'.")
    batch = await api.post("/email/batch", json=[MAIL, MAIL | {"To": ""}], headers=token)
    assert [item["ErrorCode"] for item in batch.json()] == [0, 300]
    assert await total(api) == 0
    other = await api.get("/server", headers=token)
    assert refusal(other) == (401, 10, "Request does not contain a valid Server token.")


async def test_answers_go_where_the_sender_s_signature_says(api, app):
    signature = {
        "FromEmail": "shop@sender.example",
        "Name": "Shop",
        "ReplyToEmail": "support@sender.example",
    }
    made = await api.post("/senders", json=signature)
    assert made.status_code == 200, made.text
    mail = await source(app, await api.post("/email", json=MAIL))
    assert mail["Reply-To"] == "support@sender.example"
    own = await source(app, await api.post("/email", json=MAIL | {"ReplyTo": "own@sender.example"}))
    assert own["Reply-To"] == "own@sender.example"
    gone = await api.put(f"/senders/{made.json()['ID']}", json={"Name": "Shop", "ReplyToEmail": ""})
    assert gone.status_code == 200, gone.text
    plain = await source(app, await api.post("/email", json=MAIL))
    assert plain["Reply-To"] == (
        None if gone.json()["ReplyToEmailAddress"] == "" else mail["Reply-To"]
    )
