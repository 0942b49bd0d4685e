"""SMTP replies as a server gives them: the value services answer with, and the engine's own fixed answers.

Not for reading the replies of other servers; that is the client's business.
"""

from msgspec import Struct

# RFC 5321 section 4.5.3.1.5: 512 octets a reply line, with code, enhanced code and CRLF.
_LINE_TEXT = 490


class SmtpReply(Struct, frozen=True, gc=False):
    """One answer: RFC 5321 code, RFC 3463 enhanced code ("" for none), text of one or more lines."""

    code: int
    enhanced: str
    text: str

    def encode(self) -> bytes:
        """The reply as octets, one `250-` line per line of text.

        What is not printable ASCII becomes `?`, so that text taken from a client cannot forge a reply.
        """
        prefix = f"{self.enhanced} " if self.enhanced else ""
        lines = [prefix + _printable(line) for line in self.text.splitlines() or [""]]
        marks = ["-"] * (len(lines) - 1) + [" "]
        return "".join(
            f"{self.code}{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)
        ).encode("ascii")


def _printable(line: str) -> str:
    line = line[:_LINE_TEXT]
    if line.isascii() and line.isprintable():
        return line
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in line)


def _fixed(code: int, enhanced: str, text: str) -> bytes:
    return SmtpReply(code, enhanced, text).encode()


TEMPORARY = _fixed(451, "4.3.0", "Temporary failure, try again later")

OK = _fixed(250, "2.0.0", "Ok")
SENDER_OK = _fixed(250, "2.1.0", "Ok")
RECIPIENT_OK = _fixed(250, "2.1.5", "Ok")
START_DATA = _fixed(354, "", "End data with <CR><LF>.<CR><LF>")
BYE = _fixed(221, "2.0.0", "Bye")
CANNOT_VERIFY = _fixed(
    252, "2.0.0", "Cannot VRFY user, but will accept message and attempt delivery"
)
HELP = _fixed(214, "2.0.0", "See RFC 5321")

READY_FOR_TLS = _fixed(220, "2.0.0", "Ready to start TLS")
TLS_NOT_OFFERED = _fixed(502, "5.5.1", "Error: STARTTLS is not offered")
TLS_ALREADY = _fixed(503, "5.5.1", "Error: TLS is already active")
TLS_INJECTION = _fixed(503, "5.5.1", "Error: input after STARTTLS before the TLS handshake")

LOGIN_OK = _fixed(235, "2.7.0", "Authentication successful")
LOGIN_BAD = _fixed(535, "5.7.8", "Error: authentication failed: invalid credentials")
LOGIN_ABORTED = _fixed(501, "5.7.0", "Authentication aborted")
LOGIN_MALFORMED = _fixed(501, "5.5.2", "Error: malformed authentication response")
LOGIN_NO_INITIAL = _fixed(501, "5.7.0", "Error: this mechanism takes no initial response")
LOGIN_MECHANISM = _fixed(504, "5.5.4", "Error: authentication mechanism not offered")
LOGIN_NOT_OFFERED = _fixed(502, "5.5.1", "Error: authentication is not offered")
LOGIN_ALREADY = _fixed(503, "5.5.1", "Error: already authenticated")
LOGIN_IN_MAIL = _fixed(503, "5.5.1", "Error: MAIL transaction in progress")
LOGIN_REQUIRED = _fixed(530, "5.7.0", "Authentication required")

HELO_FIRST = _fixed(503, "5.5.1", "Error: send HELO/EHLO first")
NESTED_MAIL = _fixed(503, "5.5.1", "Error: nested MAIL command")
MAIL_FIRST = _fixed(503, "5.5.1", "Error: need MAIL command")
DATA_IN_BDAT = _fixed(503, "5.5.1", "Error: DATA after BDAT in one transaction")
RCPT_IN_BDAT = _fixed(503, "5.5.1", "Error: RCPT after BDAT in one transaction")
NO_RECIPIENTS = _fixed(554, "5.5.1", "Error: no valid recipients")

BAD_SENDER = _fixed(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT = _fixed(501, "5.1.3", "Bad recipient address syntax")
NEEDS_SMTPUTF8 = _fixed(553, "5.6.7", "Error: address needs SMTPUTF8 with MAIL")
TOO_MANY_RECIPIENTS = _fixed(452, "4.5.3", "Too many recipients")
BAD_PARAMETER = _fixed(501, "5.5.4", "Error: bad value of a parameter")
UNKNOWN_PARAMETER = _fixed(555, "5.5.4", "Error: parameter not recognized or not implemented")
BAD_ARGUMENT = _fixed(501, "5.5.4", "Error: bad argument")
BAD_BDAT = _fixed(501, "5.5.4", "Syntax: BDAT size [LAST]")

TOO_BIG = _fixed(552, "5.3.4", "Message size exceeds fixed limit")
NO_STORAGE = _fixed(452, "4.3.1", "Insufficient system storage, try again later")
BARE_CR_LF = _fixed(550, "5.6.11", "bare CR or LF in message")
NUL_OCTET = _fixed(550, "5.6.11", "NUL octet in message")

LINE_TOO_LONG = _fixed(500, "5.5.2", "Error: line too long")
BAD_LINE = _fixed(500, "5.5.2", "Error: bare CR or LF or unprintable octet in command")
UNKNOWN_COMMAND = _fixed(500, "5.5.2", "Error: command not recognized")
NOT_IMPLEMENTED = _fixed(502, "5.5.1", "Error: command not implemented")
NOT_SMTP = _fixed(554, "5.5.1", "Error: this is SMTP")

SHUTDOWN = _fixed(421, "4.3.2", "Service shutting down")
IDLE = _fixed(421, "4.4.2", "Error: timeout exceeded")
TOO_MANY_ERRORS = _fixed(421, "4.7.0", "Error: too many errors")
TOO_MANY_CONNECTIONS = _fixed(421, "4.3.2", "Error: too many connections, try again later")
TOO_MANY_FROM_ADDRESS = _fixed(421, "4.7.0", "Error: too many connections from your address")
