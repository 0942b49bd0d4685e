from pillarbox.mail.mime_tree import Splitter, encoding_of, text_of, value_of

RAW = (
    b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\ncontent-transfer-encoding: Base64 (why)\r\n\r\nYQ==\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhello\r\n--b--\r\n"
)


def test_offsets_cut_the_bytes_where_the_parts_are():
    root = Splitter(RAW).message()
    first, second = root.children
    assert RAW[first.start : first.body].startswith(b"Content-Type: text/plain\r\n")
    assert RAW[first.body : first.end] == b"YQ=="
    assert RAW[second.body : second.end] == b"Subject: inner\r\n\r\nhello"
    assert second.children == []


def test_inner_messages_are_split_on_demand():
    root = Splitter(RAW, has_inner_messages=True).message()
    (inner,) = root.children[1].children
    assert text_of(RAW, inner.fields[0]) == "inner"
    assert RAW[inner.body : inner.end] == b"hello"


def test_values_of_a_part_are_found_by_lower_case_name():
    first = Splitter(RAW).message().children[0]
    assert value_of(RAW, first, "content-type") == "text/plain"
    assert value_of(RAW, first, "content-id") == ""
    assert encoding_of(RAW, first) == "base64"


def test_a_defect_is_noted_once():
    splitter = Splitter(b"")
    splitter.note("odd")
    splitter.note("odd")
    assert splitter.defects == ["odd"]
