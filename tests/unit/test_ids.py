from concurrent.futures import ThreadPoolExecutor

from pillarbox.ids import MessageKey, key_of, message_id


def test_no_two_message_ids_share_their_random_bits_whatever_thread_draws_them():
    key = MessageKey(1 << 40)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(message_id, [key] * 2000))
    assert len(set(found)) == 2000
    assert {key_of(one) for one in found} == {key}
