import pytest

from pillarbox.bounces.model import TYPES, BounceType, fake_type, parse_type

CODES_AND_NAMES = {
    "HardBounce": (1, "Hard bounce"),
    "Transient": (2, "Message delayed"),
    "Unsubscribe": (16, "Unsubscribe request"),
    "Subscribe": (32, "Subscribe request"),
    "AutoResponder": (64, "Auto responder"),
    "AddressChange": (128, "Address change"),
    "DnsError": (256, "DNS error"),
    "SpamNotification": (512, "Spam notification"),
    "OpenRelayTest": (1024, "Open relay test"),
    "Unknown": (2048, "Unknown"),
    "SoftBounce": (4096, "Soft bounce"),
    "VirusNotification": (8192, "Virus notification"),
    "ChallengeVerification": (16384, "Spam challenge verification"),
    "BadEmailAddress": (100000, "Invalid email address"),
    "SpamComplaint": (100001, "Spam complaint"),
    "ManuallyDeactivated": (100002, "Manually deactivated"),
    "Unconfirmed": (100003, "Registration not confirmed"),
    "Blocked": (100006, "ISP block"),
    "SMTPApiError": (100007, "SMTP API error"),
    "InboundError": (100008, "Processing failed"),
    "DMARCPolicy": (100009, "DMARC Policy"),
    "TemplateRenderingFailed": (100010, "Template rendering failed"),
}


def test_types_have_postmarks_codes_and_names_in_the_order_of_the_codes():
    assert [(str(t), f.code, f.name) for t, f in TYPES.items()] == [
        (wire_name, *facts) for wire_name, facts in CODES_AND_NAMES.items()
    ]


def test_every_type_has_its_facts():
    assert set(TYPES) == set(BounceType)


def test_four_types_deactivate_the_address():
    assert {t for t, f in TYPES.items() if f.deactivates} == {
        "HardBounce",
        "BadEmailAddress",
        "SpamComplaint",
        "ManuallyDeactivated",
    }


def test_complaints_and_failures_on_this_side_cannot_be_activated():
    assert {t for t, f in TYPES.items() if not f.can_activate} == {
        "SpamComplaint",
        "SMTPApiError",
        "InboundError",
        "TemplateRenderingFailed",
    }


@pytest.mark.parametrize(
    ("wire_name", "description"),
    [
        (
            "HardBounce",
            "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        ),
        (
            "AutoResponder",
            (
                '"Autoresponder" is an automatic email responder including nondescript NDRs '
                'and some "out of office" replies.'
            ),
        ),
        (
            "ChallengeVerification",
            (
                "The bounce is a challenge asking for verification you actually sent the email. "
                "Typcial challenges are made by Spam Arrest, or MailFrontier Matador."
            ),
        ),
        (
            "SoftBounce",
            (
                "Unable to temporarily deliver message "
                "(i.e. mailbox full, account disabled, exceeds quota, out of disk space)."
            ),
        ),
        ("DMARCPolicy", "Email rejected due DMARC Policy."),
    ],
)
def test_descriptions_are_the_texts_on_the_wire_misspelling_included(
    wire_name: str, description: str
):
    assert TYPES[BounceType(wire_name)].description == description


def test_every_description_is_one_clean_sentence_or_more():
    for facts in TYPES.values():
        assert facts.description.endswith(".")
        assert "  " not in facts.description


@pytest.mark.parametrize("text", ["SMTPApiError", "smtpapierror", "SMTPAPIERROR"])
def test_a_type_is_found_by_its_name_in_any_case(text: str):
    assert parse_type(text) is BounceType.SMTP_API_ERROR


@pytest.mark.parametrize("text", ["", "hard_bounce", "Hard bounce", "All", "1", " HardBounce"])
def test_anything_but_a_wire_name_is_no_type(text: str):
    assert parse_type(text) is None


@pytest.mark.parametrize("local_part", ["SoftBounce", "softbounce", "soft_bounce", "SOFT_BOUNCE"])
def test_a_fake_bounce_has_the_type_its_local_part_names(local_part: str):
    assert fake_type(local_part, None) is BounceType.SOFT_BOUNCE


@pytest.mark.parametrize("wanted", [t for t in BounceType if t != "SpamComplaint"])
def test_every_type_but_a_complaint_can_be_simulated(wanted: BounceType):
    assert fake_type(wanted.lower(), None) is wanted


@pytest.mark.parametrize("local_part", ["SpamComplaint", "spam_complaint", "somebody", "", "_"])
def test_a_complaint_or_an_unknown_local_part_becomes_a_hard_bounce(local_part: str):
    assert fake_type(local_part, None) is BounceType.HARD_BOUNCE


def test_the_header_of_a_fake_bounce_wins_over_the_local_part():
    assert fake_type("HardBounce", "dns_error") is BounceType.DNS_ERROR


@pytest.mark.parametrize("header", ["nonsense", "SpamComplaint"])
def test_a_header_that_names_no_simulated_type_makes_a_hard_bounce(header: str):
    assert fake_type("SoftBounce", header) is BounceType.HARD_BOUNCE


@pytest.mark.parametrize("header", ["", "  "])
def test_a_blank_header_counts_as_none(header: str):
    assert fake_type("SoftBounce", header) is BounceType.SOFT_BOUNCE
