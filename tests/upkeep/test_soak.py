"""The soak, run for seconds; and that it tells what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from soak.book import Book, Receipt, WrongBytesError
from soak.measures import Sample
from soak.verdict import growing, is_short
from support.programs import run_command

FLAT = Sample(resident_kib=100_000, descriptors=20, threads=8, python_threads=5, objects=30_000, blocks=120_000)


def test_a_few_seconds() -> None:
    """Bytes and descriptors; there is no telling about memory after so short a time."""
    done = run_command([sys.executable, "-m", "soak", "--minutes", "0.05", "--round", "0.7", "--seed", "1"])
    assert "verdict: every byte is right" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_the_streams_of_a_book() -> None:
    first, same, other = Book(1), Book(1), Book(2)
    assert first.read(5, 0, 1000) == same.read(5, 0, 1000)
    assert first.read(5, 0, 1000) != other.read(5, 0, 1000)
    assert first.read(5, 0, 1000) != first.read(6, 0, 1000)
    assert first.read(5, 100, 900) == first.read(5, 0, 1000)[100:]


def test_a_receipt_of_what_was_sent() -> None:
    book = Book(1)
    receipt = Receipt(book, 7)
    text = book.read(7, 0, 10_000)
    for start in range(0, 10_000, 333):
        receipt.add(text[start : start + 333])
    receipt.expect(10_000)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: bytes([text[0] ^ 1]) + text[1:],
        lambda text: text[:-1] + bytes([text[-1] ^ 1]),
        lambda text: text[1:],
        lambda text: text[:-1],
        lambda text: text + text[:1],
    ],
    ids=["first", "last", "one lost at the beginning", "one lost at the end", "one more"],
)
def test_a_receipt_of_something_else(spoil: Callable[[bytes], bytes]) -> None:
    book = Book(1)
    receipt = Receipt(book, 7)
    with pytest.raises(WrongBytesError):
        _receive(receipt, spoil(book.read(7, 0, 100)))


def _receive(receipt: Receipt, data: bytes) -> None:
    receipt.add(data)
    receipt.expect(100)


def test_what_is_flat() -> None:
    samples = [replace(FLAT, resident_kib=100_000 + number % 7 * 200) for number in range(40)]
    assert growing(samples) == []
    assert not is_short(samples)


def test_what_grows_only_at_first() -> None:
    samples = [replace(FLAT, resident_kib=100_000 + 3_000 * min(number, 10)) for number in range(40)]
    assert growing(samples) == []


@pytest.mark.parametrize("name", Sample.names())
def test_what_grows(name: str) -> None:
    """By a little in every round."""
    each = {"resident_kib": 400, "objects": 20, "blocks": 100}.get(name, 1)
    samples = [replace(FLAT, **{name: getattr(FLAT, name) + number * each}) for number in range(60)]
    (found,) = growing(samples)
    assert found.startswith(f"{name} grow from")


def test_one_descriptor_is_enough() -> None:
    samples = [FLAT, FLAT, FLAT, replace(FLAT, descriptors=21)]
    assert growing(samples) == ["descriptors grow from 20 to 21"]
    assert is_short(samples)
