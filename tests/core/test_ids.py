"""UUIDv7: laid out as RFC 9562 says, and only ever going up."""

import os
import threading
import uuid

from core.ids import IdSource, new_id


def test_the_layout_is_that_of_the_rfcs_example() -> None:
    # RFC 9562, A.6: 2022-02-22 19:22:22 UTC, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    rand = (0xCC3 << 62) | 0x18C4DC0C0C07398F
    bits = iter([rand >> 32, rand & 0xFFFFFFFF])
    source = IdSource(now_ms=lambda: 0x017F22E279B0, random_bits=lambda _: next(bits))
    assert source.new_id() == uuid.UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


def test_version_variant_and_time_are_right() -> None:
    made = new_id()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_ids_go_up_within_a_millisecond() -> None:
    source = IdSource(now_ms=lambda: 1_000)
    made = [source.new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {identifier.int >> 80 for identifier in made} == {1_000}


def test_ids_go_up_when_the_clock_steps_back() -> None:
    times = iter([5_000, 4_000, 4_999, 5_001])
    source = IdSource(now_ms=lambda: next(times))
    made = [source.new_id() for _ in range(4)]
    assert made == sorted(made)
    assert [identifier.int >> 80 for identifier in made] == [5_000, 5_000, 5_000, 5_001]


def test_a_full_counter_borrows_from_the_next_millisecond() -> None:
    source = IdSource(now_ms=lambda: 7, random_bits=lambda bits: (1 << bits) - 1)
    first = source.new_id()
    source._counter = (1 << 42) - 1
    second = source.new_id()
    assert second > first
    assert second.int >> 80 == 8
    assert source.new_id() > second


def test_threads_never_make_the_same_id() -> None:
    made: list[uuid.UUID] = []

    def make() -> None:
        made.extend([new_id() for _ in range(2_000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def test_a_forked_child_does_not_count_on_from_its_parent() -> None:
    source = IdSource(now_ms=lambda: 1, random_bits=lambda bits: int.from_bytes(os.urandom(6)) >> (48 - bits))
    source.new_id()
    source.restart()
    assert source._last_ms == -1
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_id().bytes)
        os._exit(0)
    os.waitpid(child, 0)
    childs_id = uuid.UUID(bytes=os.read(reader, 16))
    os.close(reader)
    os.close(writer)
    assert childs_id not in [new_id() for _ in range(1_000)]
