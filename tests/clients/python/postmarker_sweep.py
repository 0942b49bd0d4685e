"""Every method of postmarker: its managers, and the methods of the models that they return."""

import warnings
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from postmarker.core import PostmarkClient
from postmarker.exceptions import ClientError
from postmarker.models.base import ModelManager, SubModelManager
from sweep import (
    ACCOUNT_TOKEN,
    DOMAIN,
    NEVER,
    RECIPIENT,
    SENDER,
    SERVER_TOKEN,
    TAG,
    URL,
    Watched,
    check,
    public,
    refused,
    run,
    soon,
)

warnings.simplefilter("ignore")
INSIDE = {"call", "call_many", "expand_responses", "update_kwargs", "model", "opens", "Bounce"}
"""What managers need themselves, attributes, and readers of webhooks."""
MANAGERS = {
    "bounces": "bounces",
    "domains": "domains",
    "emails": "emails",
    "outbound": "messages.outbound",
    "opens": "messages.outbound.opens",
    "inbound": "messages.inbound",
    "senders": "senders",
    "server": "server",
    "stats": "stats",
    "templates": "templates",
    "inboundrules": "triggers.inboundrules",
    "tags": "triggers.tags",
}
client = PostmarkClient(
    server_token=SERVER_TOKEN, account_token=ACCOUNT_TOKEN, root_api_url=URL, timeout=20
)


def manager(path: str) -> ModelManager:
    """The manager at a path of attributes of the client."""
    found: Any = client
    for name in path.split("."):
        found = getattr(found, name)
    return found


def offered() -> set[str]:
    """All methods of all managers; the managers of Postmark's own status page are not of the API."""
    found: set[str] = set()
    for name, path in MANAGERS.items():
        inside = INSIDE | set(dir(SubModelManager)) | {"Open", "InboundMessage"}
        found |= public(type(manager(path)), name, but=inside)
    return found


bounces = Watched(manager("bounces"), "bounces")
domains = Watched(manager("domains"), "domains")
emails = Watched(manager("emails"), "emails")
outbound = Watched(manager("messages.outbound"), "outbound")
opens = Watched(manager("messages.outbound.opens"), "opens")
inbound = Watched(manager("messages.inbound"), "inbound")
senders = Watched(manager("senders"), "senders")
server = Watched(manager("server"), "server")
stats = Watched(manager("stats"), "stats")
templates = Watched(manager("templates"), "templates")
inboundrules = Watched(manager("triggers.inboundrules"), "inboundrules")
tags = Watched(manager("triggers.tags"), "tags")
MAIL = {"From": SENDER, "To": RECIPIENT, "Subject": "Marker", "TextBody": "Hello"}


@check
def send() -> None:
    sent = emails.send(
        From=f"Sender <{SENDER}>",
        To=[RECIPIENT, "second@elsewhere.example"],
        Cc="cc@elsewhere.example",
        Bcc=["bcc@elsewhere.example"],
        Subject="Marker",
        Tag="marker",
        HtmlBody="<p>Hello</p>",
        TextBody="Hello",
        Metadata={"color": "blue"},
        ReplyTo="reply@elsewhere.example",
        Headers={"X-One": "1"},
        TrackOpens=True,
        TrackLinks="HtmlOnly",
        Attachments=[("a.txt", "YQ==", "text/plain"), ("b.png", "YQ==", "image/png", "cid:b")],
        MessageStream="outbound",
    )
    assert sent["Message"] == "OK"
    assert sent["To"] == f"{RECIPIENT},second@elsewhere.example"
    read = outbound.get(sent["MessageID"])
    assert (read.Tag, read.Metadata, read.Attachments) == (
        "marker",
        {"color": "blue"},
        ["a.txt", "b.png"],
    )
    assert read.TrackLinks == "HtmlOnly"
    assert [one["Email"] for one in read.Cc] == ["cc@elsewhere.example"]
    assert "Subject: Marker" in outbound.get_dump(sent["MessageID"])
    assert "X-One: 1" in read.get_dump()
    soon(lambda: outbound.get(sent["MessageID"]).MessageEvents)


@check
def send_models() -> None:
    email = emails.Email(**MAIL)
    email["X-Two"] = "2"
    email.attach_binary(b"a", "a.txt")
    assert "X-Two: 2" in outbound.get_dump(email.send()["MessageID"])
    mime = MIMEMultipart("alternative")
    mime["From"], mime["To"], mime["Subject"] = SENDER, RECIPIENT, "Marker MIME"
    mime.attach(MIMEText("Hello"))
    mime.attach(MIMEText("<p>Hello</p>", "html"))
    read = outbound.get(emails.send(message=mime)["MessageID"])
    assert (read.Subject, read.TextBody, read.HtmlBody) == ("Marker MIME", "Hello", "<p>Hello</p>")


@check
def send_refused() -> None:
    with refused(ClientError, 300, "[300]"):
        emails.send(**(MAIL | {"To": "nobody"}))
    with refused(ClientError, 10):
        PostmarkClient(server_token="wrong", root_api_url=URL).emails.send(**MAIL)
    bounces_of = {"To": "marker-held@elsewhere.example"}
    with refused(ClientError, 1235):
        emails.send(**(MAIL | bounces_of | {"MessageStream": "no-such"}))
    with refused(ClientError, 701):
        outbound.get(NEVER)


@check
def send_batch() -> None:
    batch = [MAIL, MAIL | {"To": "nobody"}, emails.Email(**MAIL)]
    assert [one["ErrorCode"] for one in emails.send_batch(*batch, Tag="marker")] == [0, 300, 0]
    sent = emails.EmailBatch(MAIL, MAIL).send()
    assert [one["Message"] for one in sent] == ["OK", "OK"]
    test = PostmarkClient(server_token="POSTMARK_API_TEST", root_api_url=URL)
    assert test.emails.send(**MAIL)["Message"] == "Test job accepted"


@check
def send_templates() -> None:
    filled = {"TemplateAlias": "greeting", "TemplateModel": {"name": "Jo"}}
    mail = {"From": SENDER, "To": RECIPIENT}
    sent = emails.send_with_template(**filled, **mail, Metadata={"a": "b"})
    assert outbound.get(sent["MessageID"]).Subject == "Hello, Jo"
    assert emails.EmailTemplate(**filled, **mail).send()["ErrorCode"] == 0
    found = emails.send_template_batch(
        filled | mail, mail | {"TemplateModel": {}, "TemplateAlias": "no"}
    )
    assert [one["ErrorCode"] for one in found] == [0, 1101]
    assert emails.EmailTemplateBatch(filled | mail).send()[0]["ErrorCode"] == 0


@check
def messages() -> None:
    found = outbound.all(tag=TAG, count=5)
    assert len(found) == 5
    assert {one.Tag for one in found} == {TAG}
    assert found[0].get().MessageID == found[0].MessageID
    assert len(outbound.all(count=600, tag=TAG)) == 24
    wanted = {"recipient": "reader1@elsewhere.example", "fromemail": SENDER, "subject": "Message 1"}
    assert outbound.all(status="sent", **wanted)[-1].Subject == "Message 1"
    assert outbound.all(fromdate="2100-01-01") == []
    assert outbound.all(todate="2000-01-01") == []


@check
def opened() -> None:
    found = opens.all()
    assert len(found) == 18
    one = found[0]
    wanted = {
        "client_name": one.Client["Name"],
        "client_company": one.Client["Company"],
        "client_family": one.Client["Family"],
        "os_name": one.OS["Name"],
        "os_family": one.OS["Family"],
        "os_company": one.OS["Company"],
        "platform": "desktop",
        "country": "RS",
        "region": "VO",
        "city": "Novi Sad",
    }
    for name, value in wanted.items():
        assert len(opens.all(**{name: value})) == 18, name
    assert len(opens.all(recipient=one.Recipient)) < 18
    assert {hit.Tag for hit in opens.all(tag=TAG)} == {TAG}
    assert opens.get(one.MessageID)["TotalCount"] == 1
    assert one.message.MessageID == one.MessageID
    message = outbound.get(one.MessageID)
    assert message.opens()["Opens"][0]["Recipient"] == one.Recipient


@check
def received() -> None:
    found = inbound.all()
    assert len(found) >= 10
    read = found[0].get()
    assert read.Subject == found[0].Subject
    assert read["X-Spam-Score"] == "0.1"
    assert read.as_mime()["Subject"] == read.Subject
    assert inbound.get(found[0].MessageID).TextBody == "Hello"
    wanted = {"recipient": read.OriginalRecipient, "fromemail": read.From, "subject": read.Subject}
    assert [one.MessageID for one in inbound.all(**wanted)] == [read.MessageID]
    assert len(inbound.all(mailboxhash=read.MailboxHash)) == 1
    assert inbound.all(tag="no-such") == []


@check
def received_again() -> None:
    assert inbound.all(status="blocked")[0].bypass()["ErrorCode"] == 0
    assert inbound.all(status="failed")[0].retry()["ErrorCode"] == 0
    with refused(ClientError, 701, "cannot be bypassed"):
        inbound.bypass(NEVER)
    with refused(ClientError, 701, "cannot be retried"):
        inbound.retry(NEVER)


@check
def bounced() -> None:
    found = bounces.all(type="HardBounce")
    assert {one.Type for one in found} == {"HardBounce"}
    assert {one.Inactive for one in bounces.all(inactive="true")} == {True}
    assert bounces.all(emailFilter="nobody-at-all") == []
    assert bounces.all(messageID=found[0].MessageID)[0].ID == found[0].ID
    assert bounces.all(fromdate="2100-01-01", todate="2100-01-02") == []
    assert [one.Tag for one in bounces.all(tag=TAG)][0] == TAG
    assert bounces.get(found[0].ID).Email == found[0].Email
    assert "User unknown" in bounces.get_dump(found[0].ID)
    assert "User unknown" in found[0].dump
    assert found[0].message.MessageID == found[0].MessageID
    assert bounces.deliverystats["InactiveMails"] > 0
    assert TAG in bounces.tags
    with refused(ClientError, 1001):
        bounces.get(1)


@check
def activated() -> None:
    found = bounces.all(type="HardBounce", inactive=True)
    assert found[0].activate() == "OK"
    assert not found[0].Inactive
    assert not bounces.activate(found[1].ID)["Bounce"]["Inactive"]


@check
def own_server() -> None:
    own = server.get()
    own.edit(Color="red", TrackOpens=False)
    assert server.get().Color.lower() == "red"
    assert server.edit(Name=own.Name, Color="Blue")["Color"] == "Blue"
    with refused(ClientError, 611):
        server.edit(InboundSpamThreshold=99)


@check
def template_models() -> None:
    made = templates.create(
        "Marker", "Subject", TextBody="Text", HtmlBody="<p>x</p>", Alias="marker"
    )
    assert made.get()._data["Subject"] == "Subject"
    made.edit(Name="Marker two")
    read = templates.get(made.TemplateId)
    assert (read.Name, read.TextBody, read.Alias) == ("Marker two", "Text", "marker")
    assert templates.edit(made.TemplateId, Subject="Other")["Name"] == "Marker two"
    assert made.TemplateId in {one.TemplateId for one in templates.all()}
    assert templates.validate("{{a}}", TextBody="b", TestRenderModel={"a": 1})["AllContentIsValid"]
    assert made.delete() == f"Template {made.TemplateId} removed."
    with refused(ClientError, 1101):
        templates.delete(made.TemplateId)


@check
def domain_models() -> None:
    made = domains.create(f"marker.{DOMAIN}", ReturnPathDomain=f"pm.marker.{DOMAIN}")
    made.edit(ReturnPathDomain=f"pm2.marker.{DOMAIN}")
    assert domains.get(made.ID).ReturnPathDomain == f"pm2.marker.{DOMAIN}"
    assert domains.edit(made.ID, "")["ReturnPathDomain"] == ""
    assert made.get().ID == made.ID
    assert made.ID in {one.ID for one in domains.all()}
    for verified in (made.verifyspf(), domains.verifyspf(made.ID)):
        assert verified["SPFVerified"]
    for verified in (made.verifydkim(), domains.verifydkim(made.ID)):
        assert verified["ID"] == made.ID
    for verified in (made.verifyreturnpath(), domains.verifyreturnpath(made.ID)):
        assert verified["Name"] == made.Name
    for rotate in (made.rotatedkim, lambda: domains.rotatedkim(made.ID)):
        with refused(ClientError, 505, "This DKIM is already being renewed."):
            rotate()
    assert "removed" in made.delete()
    with refused(ClientError):
        domains.delete(made.ID)


@check
def sender_models() -> None:
    made = senders.create(f"marker@{DOMAIN}", "Marker", ReplyToEmail="reply@elsewhere.example")
    made.edit(Name="Marker two")
    assert senders.get(made.ID).Name == "Marker two"
    assert senders.edit(made.ID, "Marker three")["Name"] == "Marker three"
    assert made.get()._data["ReplyToEmailAddress"] == "reply@elsewhere.example"
    assert made.ID in {one.ID for one in senders.all()}
    for text in (made.resend(), senders.resend(made.ID)):
        assert text
    for verified in (made.verifyspf(), senders.verifyspf(made.ID)):
        assert verified["SPFVerified"]
    for renew in (made.requestnewdkim, lambda: senders.requestnewdkim(made.ID)):
        with refused(ClientError, 505):
            renew()
    assert "removed" in made.delete()
    with refused(ClientError):
        senders.delete(made.ID)


@check
def inbound_rules() -> None:
    made = inboundrules.create("marker.example")
    assert made.ID in {one.ID for one in inboundrules.all()}
    assert "removed" in made.delete()
    with refused(ClientError, 812):
        inboundrules.delete(made.ID)


@check
def tag_triggers() -> None:
    made = tags.create("marker", TrackOpens=True)
    made.edit(MatchName="marker-two")
    read = tags.get(made.ID)
    assert (read.MatchName, read.TrackOpens) == ("marker-two", True)
    assert tags.edit(made.ID, "marker-three", TrackOpens=False)["MatchName"] == "marker-three"
    assert made.get().ID == made.ID
    assert made.ID in {one.ID for one in tags.all()}
    assert [one.ID for one in tags.all(match_name="marker-three")] == [made.ID]
    assert made.delete()
    with refused(ClientError):
        tags.delete(made.ID)


@check
def statistics() -> None:
    assert stats.overview(tag=TAG)["Sent"] == 24
    assert stats.overview(fromdate="2100-01-01", todate="2100-01-02")["Sent"] == 0
    assert stats.sends(tag=TAG)["Sent"] == 24
    assert stats.bounces()["HardBounce"] >= 3
    assert stats.spam()["SpamComplaint"] == 1
    assert stats.tracked(tag=TAG)["Tracked"] == 24
    assert stats.opens()["Opens"] == 18
    assert stats.opens_platforms()["Desktop"] == 18
    assert stats.emailclients()["Chrome"] == 18
    assert stats.readtimes()["5s"] == 18
    assert stats.clicks()["Clicks"] == 12
    assert stats.browserfamilies()["Chrome"] == 12
    assert stats.clicks_platforms()["Desktop"] == 12
    assert stats.location()["HTML"] == 12


run(offered())
