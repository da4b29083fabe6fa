"""What docs/edges.md says of other libraries is what they answer, where they are installed."""

from __future__ import annotations

import re

import pytest

from tests.ops.peers import PEERS, answer, is_installed, shown
from tests.ops.test_edges import PAGE, ROWS, Row


def cells() -> list[tuple[Row, str]]:
    """Each row with what it says of other libraries."""
    found = re.finditer(r"^\| `.+?` \| `.+?` \| `.+?` \| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [(row, match[1]) for row, match in zip(ROWS, found, strict=True)]


def said(text: str, peer: str) -> str:
    """What a cell says of a library."""
    if text == "all the same":
        return "same"
    return dict(part.split(" ", 1) for part in text.split("; "))[peer]


@pytest.mark.parametrize(("row", "text"), cells(), ids=[str(row) for row in ROWS])
def test_each_row_says_something_of_each_library(row: Row, text: str) -> None:
    assert all(said(text, peer) for peer in PEERS)


@pytest.mark.parametrize("peer", PEERS)
def test_the_page_says_what_a_library_answers(peer: str) -> None:
    if not is_installed(peer):
        pytest.skip(f"{peer} is not installed")
    found = {str(row): (shown(row, answer(peer, row)), said(text, peer)) for row, text in cells()}
    assert {row: pair for row, pair in found.items() if pair[0] != pair[1]} == {}
