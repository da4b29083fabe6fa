"""The page in a browser: it renders, zooms, filters, and says nothing on the console, for few tasks and for many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backprop.reports.description import Description, Interval, Run
from backprop.reports.formats.page import page
from tests.browser import opened_page

from ..conftest import description, part, task

LARGEST = 5_000_000
"""Bytes of a page of 20,000 tasks."""


def large(count: int) -> Description:
    tasks = [
        task(part(k % 3, 1e-3, measured=1e-3), before=(k - 2,) if k > 1 else (), measured=1e-3) for k in range(count)
    ]
    intervals = tuple(Interval(k, k % 2, (k // 2) * 1e-3, (k // 2 + 1) * 1e-3) for k in range(count))
    return description(*tasks, run=Run(count * 5e-4, intervals, ("MainThread", "backprop-0"), 10, 1))


COLOURS = """() => {
  const canvas = document.getElementById("lanes"), found = new Set();
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  for (let k = 0; k < data.length; k += 4) if (data[k + 3] > 200) found.add(`${data[k]},${data[k + 2]}`);
  return [...found]; }"""
"""The colours of the timeline, as far as there are any."""


@pytest.fixture(scope="module", params=[("light", 1200), ("dark", 390)], ids=["light", "dark-phone"])
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    scheme, width = request.param
    with opened_page(width=width, scheme=scheme) as opened:
        yield opened


@pytest.fixture
def shown(browser: Any, ran: Description, tmp_path: Path) -> Any:
    file = tmp_path / "report.html"
    file.write_text(page(ran), encoding="utf-8")
    browser.goto(file.as_uri())
    return browser


def test_it_shows_summary_lines_plan_and_tasks_and_fits_the_window(shown: Any) -> None:
    assert shown.inner_text("h1").startswith("Threads: 2 workers, 3 nodes in 3 tasks")
    assert "measured: the median of 3 runs" in shown.inner_text("#kind")
    assert shown.locator("#by-line .line").count() == 3
    assert "model.py:20 in loss" in shown.inner_text("#by-line")
    assert shown.locator("#graph rect.task").count() == 3
    assert shown.locator("#graph .on rect.task").count() == 2  # the critical path
    assert shown.locator("#rows tr").count() == 3
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(shown.evaluate(COLOURS)) > 2  # something was drawn


def test_ink_and_ground_are_far_apart(shown: Any) -> None:
    def light(colour: str) -> float:
        return sum(int(number) for number in re.findall(r"\d+", colour)[:3]) / 765

    ink, ground = (
        light(shown.evaluate(f"getComputedStyle(document.body).{name}")) for name in ("color", "backgroundColor")
    )
    assert abs(ink - ground) > 0.6


def test_it_filters_and_sorts_tasks(shown: Any) -> None:
    shown.fill("#filter", "model.py:20")
    assert shown.locator("#rows tr").count() == 1
    shown.fill("#filter", "")
    shown.click("th:has-text('measured')")
    shown.click("th:has-text('measured')")
    assert shown.inner_text("#rows tr:first-child td:first-child") == "1"  # the longest


def test_the_timeline_zooms_and_tells_of_a_task(shown: Any) -> None:
    box = shown.locator("#lanes").bounding_box()
    assert box is not None
    shown.locator("#lanes").scroll_into_view_if_needed()
    box = shown.locator("#lanes").bounding_box()
    shown.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 28)
    assert "predicted 1.00 s, measured 1.50 s" in shown.inner_text("#tip")
    before = shown.evaluate("to - from")
    shown.mouse.wheel(0, -300)
    shown.wait_for_function("before => to - from < before", arg=before)
    shown.click("#all")
    assert shown.evaluate("to - from") == before


def test_it_scrolls_to_each_view(shown: Any) -> None:
    for name in ("timeline", "lines", "plan", "memory", "tasks"):
        shown.click(f"nav a[href='#{name}']")
        assert shown.evaluate(f"document.getElementById('{name}').getBoundingClientRect().top < innerHeight")


def test_twenty_thousand_tasks_fit_a_page(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    file.write_text(page(large(20_000)), encoding="utf-8")
    assert file.stat().st_size < LARGEST
    browser.goto(file.as_uri())
    assert "20000 of 20000, 400 shown" in browser.inner_text("#count")
    browser.fill("#filter", "model.py:30")
    assert "6666 of 20000" in browser.inner_text("#count")


def test_words_of_the_user_are_no_markup(ran: Description) -> None:
    evil = replace(ran, tasks=(replace(ran.tasks[0], name="</script><script>alert(1)</script>"), *ran.tasks[1:]))
    assert "</script><script>alert" not in page(evil)
