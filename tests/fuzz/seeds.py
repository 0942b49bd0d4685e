"""The inputs that fuzzing starts from, and that every run replays: kept in the repository.

A target's own stand in tests/corpus/fuzz: `<target>.txt` has one input a line, with Python's escapes; `mime/` has
mails, byte for byte. Beside them each target takes what other tests know already: mails of the corpus, dialogs,
templates.
"""

import re
import tomllib
from pathlib import Path

TESTS = Path(__file__).parent.parent
CORPUS = TESTS / "corpus"
FUZZ = CORPUS / "fuzz"
LONGEST = 64 * 1024

Seeds = list[tuple[str, bytes]]


def escaped(data: bytes) -> str:
    """An input as a line of a `.txt` file."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def own(target: str) -> Seeds:
    """The inputs kept for one target; the name says where each stands."""
    found: Seeds = []
    lines = FUZZ / f"{target}.txt"
    if lines.exists():
        for number, line in enumerate(lines.read_text("ascii").splitlines(), 1):
            if line and not line.startswith("#"):
                data = line.encode().decode("unicode_escape").encode("latin-1")
                found.append((f"{lines.name}:{number}", data))
    return found


def mails() -> Seeds:
    """Every mail of the corpus; those that have the line ends of a file get those of the wire."""
    found: Seeds = []
    for path in sorted(CORPUS.glob("**/*.eml")):
        raw = path.read_bytes()
        is_exact = FUZZ in path.parents
        name = f"{path.parent.name}/{path.name}"
        found.append((name, raw if is_exact else raw.replace(b"\n", b"\r\n")))
    return found


def returned() -> Seeds:
    """Reports and answers only."""
    return [(name, raw) for name, raw in mails() if name.startswith(("dsn/", "arf/"))]


def replies() -> Seeds:
    """What other servers say when they refuse."""
    found: Seeds = []
    for path in sorted((CORPUS / "replies").glob("*.toml")):
        for number, one in enumerate(tomllib.loads(path.read_text("utf-8")).get("reply", [])):
            found.append((f"{path.name}[{number}]", one["text"].encode()))
    return found


def dialogs() -> Seeds:
    """What clients say in the dialogs of tests/smtp."""
    found: Seeds = []
    for path in sorted((TESTS / "smtp").rglob("*.dialog")):
        said = b"".join(_said(line) for line in path.read_text("utf-8").splitlines())
        if len(said) <= LONGEST:
            found.append((path.name, said))
    return found


def _said(line: str) -> bytes:
    if line.startswith("C: "):
        return line[3:].encode() + b"\r\n"
    if not line.startswith("C> "):
        return b""
    text, _, times = (
        line[3:].rpartition(" * ") if re.search(r" \* \d+$", line) else (line[3:], "", "1")
    )
    return text.encode().decode("unicode_escape").encode("latin-1") * min(int(times), LONGEST)


def templates() -> Seeds:
    """The templates of the tables of cases."""
    found: Seeds = []
    for path in sorted((TESTS / "unit" / "mustachio").glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            texts = [case["template"]] if "template" in case else case.get("templates", [])
            found += [
                (f"{path.name}:{case['id']}", text.encode("utf-8", "surrogatepass"))
                for text in texts
            ]
    return found
