"""Calls of clients that cannot work against a server that answers as specified, each with its reason.

Such a call is made all the same and must fail: a row that is not needed any more fails the test. The rows stand in
docs/compatibility.md, section "Clients", word for word.
"""

DEFECTS: dict[tuple[str, str], str] = {
    ("postmark_python", "send_batch_with_a_bad_message"): (
        "its model requires `To`, `SubmittedAt` and `MessageID` of every item of a batch; a refused one has none"
    ),
    ("anymail", "bulk_with_shared_metadata"): (
        "it writes every recipient's own `anymail_id` into one shared dictionary: all messages carry the last one"
    ),
    ("mrz1836", "EditCurrentServer"): "it sends no body",
    ("mrz1836", "GetPlatformCounts"): (
        "it asks `/stats/outbound/platform`, which there is not; it is `/stats/outbound/opens/platforms`"
    ),
    ("keighl", "EditCurrentServer"): "it sends no body",
    ("keighl", "EditServer"): "it sends no body",
    ("keighl", "GetPlatformCounts"): (
        "it asks `/stats/outbound/platform`, which there is not; it is `/stats/outbound/opens/platforms`"
    ),
    ("keighl", "GetInboundMessages"): "it reads `Messages`; the list is called `InboundMessages`",
    ("keighl", "GetSenderSignatures"): "it sends the token of a Server, not that of the account",
    (
        "rust",
        "OutboundDetailsRequest",
    ): "it reads `To` as a text; it is a list of names and addresses",
    ("java", "getOutboundOpenClientStats(Parameters)"): (
        "it asks `/stats/outbound/opens/platforms`; it is `/stats/outbound/opens/emailclients`"
    ),
}
