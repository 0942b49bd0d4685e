from hypothesis import example, given
from hypothesis import strategies as st

from pillarbox.smtpd import reply as replies
from pillarbox.smtpd.message import ChunkReader, DataReader, MemoryBudget, Message

PLENTY = 1_000_000
wire = st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\r", b"\n", b"\0", b"\xff"]), max_size=30)
content_lines = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"abc"]), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def read_data(data: bytes, cuts: list[int]) -> tuple[bytes | None, bytes | None, bytes]:
    """Content, refusal and what is left over of a stream that came in these pieces."""
    message = Message(PLENTY, MemoryBudget(PLENTY))
    reader = DataReader(message)
    rest = b""
    for piece in pieces(data, cuts):
        if reader.is_done:
            rest += piece
        else:
            rest += piece[reader.feed(piece, 0) :]
    if not reader.is_done:
        return None, None, rest
    if message.refusal is not None:
        return None, message.refusal, rest
    content = message.take_content(is_stuffed=True)
    return content, message.refusal, rest


@given(content_lines, st.binary(max_size=10), st.lists(st.integers(0, 200), max_size=6))
def test_what_a_client_stuffs_arrives_however_it_is_cut(lines, behind, cuts):
    content = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)
    assert read_data(stuffed + b".\r\n" + behind, cuts) == (content, None, behind)


@given(wire, st.lists(st.integers(0, 60), max_size=6))
@example([b"\r\n", b".", b"\r", b"\n"], [4])
@example([b".", b"\r", b"\r\n", b".", b"\r\n"], [2, 3])
def test_the_end_is_where_a_simple_search_finds_it(parts, cuts):
    data = b"".join(parts)
    end = (b"\r\n" + data).find(b"\r\n.\r\n")
    content, refusal, rest = read_data(data, cuts)
    if end < 0:
        assert (content, refusal, rest) == (None, None, b"")
        return
    raw = data[:end]
    assert rest == data[end + 3 :]
    whole_lines = raw.replace(b"\r\n", b"")
    is_bad = any(octet in whole_lines for octet in (b"\r", b"\n", b"\0"))
    assert (refusal is not None) is is_bad


@given(wire, st.lists(st.integers(0, 60), max_size=6))
def test_chunks_are_judged_as_a_whole(parts, cuts):
    data = b"".join(parts)
    message = Message(PLENTY, MemoryBudget(PLENTY))
    for piece in pieces(data, cuts):
        reader = ChunkReader(message, len(piece), is_last=False)
        assert reader.feed(piece + b"more", 0) == len(piece)
        assert reader.is_done
    content = message.take_content(is_stuffed=False) if message.refusal is None else b""
    whole_lines = data.replace(b"\r\n", b"")
    assert (message.refusal is not None) is any(o in whole_lines for o in (b"\r", b"\n", b"\0"))
    if message.refusal is None:
        assert content == (data if data.endswith(b"\r\n") or not data else data + b"\r\n")


def test_refused_content_gives_its_memory_back_at_once():
    budget = MemoryBudget(PLENTY)
    message = Message(PLENTY, budget)
    message.add(b"good\r\n" * 1000)
    assert budget.free == PLENTY - 6000
    message.add(b"bad\n")
    assert message.refusal == replies.BARE_CR_LF
    assert budget.free == PLENTY
    message.add(b"more\r\n")
    assert budget.free == PLENTY


def test_memory_is_returned_once_however_often_it_is_released():
    budget = MemoryBudget(PLENTY)
    message = Message(PLENTY, budget)
    message.add(b"x" * 100)
    message.release()
    message.release()
    assert budget.free == PLENTY


def test_single_octets_are_kept_together():
    message = Message(PLENTY, MemoryBudget(PLENTY))
    for _ in range(10_000):
        message.add(b"x")
    assert len(message._chunks) <= 6
    assert message.take_content(is_stuffed=False) == b"x" * 10_000 + b"\r\n"


def test_the_budget_is_shared_by_messages():
    budget = MemoryBudget(1000)
    first, second = Message(PLENTY, budget), Message(PLENTY, budget)
    first.add(b"x" * 600)
    second.add(b"x" * 600)
    assert first.refusal is None
    assert second.refusal == replies.NO_STORAGE
    first.release()
    assert budget.free == 1000
