"""The site that `make docs` has built: no broken link, no complaint on the console. Skipped where none was built."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser import opened_page

SITE = Path(__file__).parents[1] / "docs" / "_build" / "html"
LOOKED_AT = (
    "index.html",
    "start.html",
    "sharp_bits.html",
    "api.html",
    "built/tutorials/plot_mnist.html",
    "built/gallery/index.html",
)

pytestmark = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="make docs has not built the site")


class Links(HTMLParser):
    """What a page links to and shows, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.targets |= {value for name in ("href", "src") if (value := found.get(name)) is not None}
        self.ids |= {value for name in ("id", "name") if (value := found.get(name)) is not None}


def test_every_link_within_the_site_leads_somewhere() -> None:
    pages = {
        path: Links(path.read_text(encoding="utf-8")) for path in SITE.rglob("*.html") if "_static" not in path.parts
    }
    broken: list[str] = []
    for path, links in pages.items():
        for target in links.targets:
            url = urlsplit(target)
            if url.scheme or url.netloc or target.startswith("#"):
                continue
            file = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not file.exists() or (url.fragment and file in pages and unquote(url.fragment) not in pages[file].ids):
                broken.append(f"{path.relative_to(SITE)} -> {target}")
    assert len(pages) > 20
    assert not broken


def test_pages_say_nothing_on_the_console_and_fit_a_phone() -> None:
    with opened_page(width=390) as page:
        for name in LOOKED_AT:
            page.goto((SITE / name).as_uri())
            assert page.inner_text("h1")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), name


def test_nothing_is_cut_off_on_paper() -> None:
    clipped = """() => [...document.querySelectorAll('article.bd-article pre')]
        .filter(pre => pre.scrollWidth > pre.clientWidth + 1 || getComputedStyle(pre).overflow !== 'visible')
        .map(pre => pre.innerText.slice(0, 60))"""
    scrolling = """() => { const found = []; let one = document.querySelector('article.bd-article');
        for (; one; one = one.parentElement)
            if (getComputedStyle(one).overflowY !== 'visible') found.push(one.className);
        return found; }"""
    with opened_page(width=640) as page:  # the width of a sheet between its margins
        page.emulate_media(media="print")
        page.goto((SITE / "built/tutorials/plot_mnist.html").as_uri())
        assert page.evaluate(clipped) == []
        assert page.evaluate(scrolling) == []


def test_the_tutorial_is_a_pdf_too() -> None:
    assert (SITE / "tutorial.pdf").read_bytes().startswith(b"%PDF")
