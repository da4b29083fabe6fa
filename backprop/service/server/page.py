"""The status page: one file without outside resources, which listens to /v1/overview/events."""

from __future__ import annotations

from importlib.resources import files

PAGE = files("backprop.service.server").joinpath("page.html").read_text(encoding="utf-8")
