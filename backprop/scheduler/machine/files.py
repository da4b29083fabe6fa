"""Files of the user's: the folder to keep things in, and a write that is never seen half done.

The folder is the one that the operating system has for caches (`~/.cache/backprop` on Linux, where XDG_CACHE_HOME may
replace `~/.cache`; `~/Library/Caches/backprop` on macOS). Whatever lies there can be made again.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path


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
