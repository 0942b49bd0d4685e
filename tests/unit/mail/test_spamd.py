"""Asking spamd what a mail scores. tests/doubles/spamd.py speaks for the real one."""

import pytest

from pillarbox.mail import spamd
from pillarbox.mail.spamd import Scan, ScanFailed
from tests.doubles.spamd import VERSION, Spamd

MAIL = b"Subject: Hi\r\n\r\nx\r\n"


async def test_a_scan_has_score_tests_and_name():
    async with Spamd(score=-0.1) as server:
        found = await spamd.scan("127.0.0.1", server.port, MAIL, within_s=10)
    assert server.sources == [MAIL]
    assert (found.score, found.tests, found.is_spam) == (-0.1, ("DKIM_SIGNED", "SPF_PASS"), False)
    assert found.headers() == (
        ("X-Spam-Checker-Version", VERSION[:40] + "\t" + VERSION[41:]),
        ("X-Spam-Status", "No"),
        ("X-Spam-Score", "-0.1"),
        ("X-Spam-Tests", "DKIM_SIGNED,SPF_PASS"),
    )


@pytest.mark.parametrize(("score", "status"), [(4.9, "No"), (5.0, "Yes"), (15.0, "Yes")])
def test_spam_begins_at_five(score, status):
    assert dict(Scan(score).headers())["X-Spam-Status"] == status


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SPAMD/1.1 76 EX_PROTOCOL\r\n\r\n",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpam: True ; 5.0 / 5.0\r\n\r\n",
        b"\xff\xfe" * 100,
    ],
)
async def test_an_answer_without_sense_is_no_score(answer):
    async with Spamd() as server:
        server.answer = answer
        with pytest.raises(ScanFailed):
            await spamd.scan("127.0.0.1", server.port, MAIL, within_s=10)


async def test_an_endless_answer_is_cut_off():
    async with Spamd() as server:
        server.answer = b"x" * (spamd.MAX_ANSWER + 70_000)
        with pytest.raises(ScanFailed, match="too long"):
            await spamd.scan("127.0.0.1", server.port, MAIL, within_s=10)


async def test_nobody_there_is_no_score():
    async with Spamd() as server:
        pass
    with pytest.raises(ScanFailed):
        await spamd.scan("127.0.0.1", server.port, MAIL, within_s=10)


def test_an_answer_without_headers_has_a_score():
    answer = b"SPAMD/1.5 0 EX_OK\r\nSpam: False ; 1.5 / 5.0\r\n\r\n"
    assert spamd.read_answer(answer) == Scan(1.5)
