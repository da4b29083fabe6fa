"""Files of the user's: the folder to keep things in, a write that is never seen half done, and entries by machine.

The folder is the one that the operating system has for caches (`~/.cache/backprop` on Linux, where XDG_CACHE_HOME may
replace `~/.cache`; `~/Library/Caches/backprop` on macOS). Whatever lies there can be made again.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

FORMAT = 1
"""The format of files with an entry for each machine; another one is not read."""


def cache_folder() -> Path:
    """The folder of this package in the user's cache; it need not be there yet."""
    return user_cache_path("backprop", appauthor=False)


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that no one ever sees a part of it.

    Arguments:
        path: where to; its folder is made if it is not there.
        content: all bytes of the file.

    Errors:
        OSError: the file cannot be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def machines(path: Path) -> dict[str, Any]:
    """The entries of a file, by the key of each machine; none where it is missing or damaged.

    Arguments:
        path: the file: {"format": 1, "machines": {KEY: entry}}.
    """
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        return dict(whole["machines"]) if whole["format"] == FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_machines(path: Path, entries: dict[str, Any]) -> None:
    """Write what `machines` reads.

    Arguments:
        path: the file; its folder is made.
        entries: by the key of each machine.
    Errors:
        OSError: the file cannot be written.
    """
    write_atomic(path, json.dumps({"format": FORMAT, "machines": entries}, indent=1).encode())
