"""The status page in a browser: what waits and runs, workers, seconds and bytes, errors; live, in light and in dark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import backprop as bp
from backprop.service.queue import Bounds
from tests.browser import opened_page
from tests.service.conftest import serving
from tests.service.test_client import Gate, until

X = np.linspace(0.0, 1.0, 50)


def energy(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


def fails(x: Any) -> Any:
    return np.linalg.inv(np.outer(x, x) * 0.0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_the_page_is_live(tmp_path: Path, scheme: str, width: int) -> None:
    gate = Gate()
    op = gate.op()
    options: dict[str, Any] = {"bounds": Bounds(slots=1), "ops": {"gate": op}}
    with (
        serving(tmp_path, **options) as service,
        bp.connect(service.url) as connection,
        opened_page(width=width, scheme=scheme) as page,
    ):
        page.goto(service.url)
        page.locator("#live", has_text="live").wait_for()
        assert "Threads" in page.inner_text("#about")
        assert "this process" in page.inner_text("#workers")
        assert "nothing has run yet" in page.inner_text("#accounts")
        connection.submit(energy, X).result(30)
        with pytest.raises(np.linalg.LinAlgError):
            connection.submit(fails, X).result(30)
        held = connection.submit(lambda x: np.sum(op(x)), X)
        waiting = [connection.submit(lambda x: np.sum(op(x)), X + k) for k in (1.0, 2.0)]
        page.locator("#accounts td", has_text="energy").wait_for()
        page.locator("#errors td", has_text="LinAlgError: Singular matrix").wait_for()
        page.locator("#active .running").wait_for()
        page.locator("#active .queued").nth(1).wait_for()
        assert page.locator("#active progress").count() == 3
        assert page.locator("#clients td").all_inner_texts() == ["local", "2", "1"]
        wide = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert wide
        gate.open.set()
        for future in (held, *waiting):
            future.result(30)
        page.locator("#active", has_text="nothing").wait_for()
        assert page.locator("#latest .done").count() == 4
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")


def test_events_are_told_when_something_has_changed(tmp_path: Path) -> None:
    with serving(tmp_path) as service, bp.connect(service.url) as connection:
        with httpx.stream("GET", f"{service.url}/v1/overview/events", timeout=30) as events:
            lines = (line for line in events.iter_lines() if line.startswith("data: "))
            first = json.loads(next(lines)[6:])
            assert first["latest"] == []
            connection.submit(energy, X).result(30)
            following = json.loads(next(lines)[6:])
        assert following["latest"][0]["state"] == "done"
        (account,) = following["accounts"]
        assert (account["client"], account["function"], account["runs"]) == ("local", "energy", 1)
        assert account["bytes"] >= X.nbytes
        assert account["seconds"] > 0.0


def test_a_client_sees_the_accounts_of_its_own(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef\nben fedcba9876543210\n")
    with serving(tmp_path / "state", token_file=tokens) as service:
        for token in ("0123456789abcdef", "fedcba9876543210"):
            with bp.connect(service.url, token) as connection:
                connection.submit(energy, X + len(token)).result(30)
                connection.submit(energy, X * (2.0 if token[0] == "0" else 3.0)).result(30)
                found = connection._asked("GET", "/v1/overview").json()
                assert {row["client"] for row in found["accounts"]} == {"ada" if token[0] == "0" else "ben"}


@pytest.mark.cluster
def test_the_workers_of_a_cluster(tmp_path: Path) -> None:
    with bp.Cluster(n_workers=1, processes=False) as cluster, serving(tmp_path, executor=cluster) as service:
        (worker,) = httpx.get(f"{service.url}/v1/overview", timeout=30).json()["members"]
        assert worker["name"] in cluster.members.used
        assert worker["threads"] > 0
        until(lambda: httpx.get(f"{service.url}/v1/overview").json()["members"][0]["memory"] > 0)
