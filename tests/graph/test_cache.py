"""Results are remembered: many of ordinary graphs, few of long ones."""

from __future__ import annotations

from backprop.graph.cache import FEW, LONG, MANY, remembered


class Counter:
    """Counts calls; what is remembered are strings, by their length."""

    def __init__(self) -> None:
        self.calls = 0

        @remembered(len)
        def made(text: str) -> str:
            self.calls += 1
            return text

        self.made = made


def test_a_result_is_made_once() -> None:
    counter = Counter()
    assert counter.made("ab") == counter.made("ab") == "ab"
    assert counter.calls == 1


def test_many_ordinary_results_are_remembered() -> None:
    counter = Counter()
    for _ in range(2):
        for k in range(MANY):
            counter.made(str(k))
    assert counter.calls == MANY


def test_few_long_results_are_remembered_and_push_no_ordinary_ones_out() -> None:
    counter = Counter()
    counter.made("ab")
    texts = [chr(97 + k) * (LONG + 1) for k in range(FEW + 1)]
    for text in texts:
        counter.made(text)
    counter.made(texts[-1])
    counter.made("ab")
    assert counter.calls == len(texts) + 1
    counter.made(texts[0])
    assert counter.calls == len(texts) + 2
