"""MNIST from the network, into a cache folder that holds each file whole and right, or not at all.

`pooch` knows the SHA-256 of each file, keeps what is right, and puts a file in its place only when it has been checked.
What is added here is a bound: on the bytes, as a server may send more than it should, and on the time for all of a
file, as looking up a name has no limit of its own.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import pooch

T = TypeVar("T")

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
PROBE_SECONDS = 3.0
FILE_SECONDS = 60.0
SHORT = 80
"""Letters of a reason at most."""


class Remote(NamedTuple):
    """A file of the mirror: its name, its size in bytes, and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


REMOTES = (  # the smallest first: it shows whether there is a network
    Remote("t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    Remote("train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    Remote("t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    Remote("train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
)

Fetch: TypeAlias = Callable[[str, int, float], bytes]
"""(url, most bytes, seconds) -> the content; raises OSError where there is no network, no file or no time."""
Say: TypeAlias = Callable[[str], object]


def is_verified(folder: Path, remotes: tuple[Remote, ...]) -> bool:
    """Tell whether a folder holds whole downloads.

    Arguments:
        folder: it need not be there.
        remotes: the files that should be in it.

    Returns:
        True if each file is there with the right SHA-256.
    """
    return all(_holds(folder, remote) for remote in remotes)


def download(cache: Path, remotes: tuple[Remote, ...], fetch: Fetch, say: Say) -> bool:
    """Fetch into the cache folder what it lacks; give up with a word where there is no network.

    Arguments:
        cache: the folder; it need not be there.
        remotes: the files to get, the smallest first, as it shows whether there is a network.
        fetch: gets the content of one.
        say: told in one line that a download is tried, and in one line if it failed.

    Returns:
        True if the cache folder is now whole. What did arrive stays there for the next time.
    """
    say(f"MNIST: trying {MIRROR}")
    missing = [remote for remote in remotes if not _holds(cache, remote)]
    try:
        for remote in missing:
            probe = remote is missing[0] and remote == remotes[0]
            _fetch_into(cache, remote, fetch, PROBE_SECONDS if probe else FILE_SECONDS)
    except OSError as error:
        with suppress(OSError):
            cache.rmdir()  # pooch makes it before it has something to put there
        say(f"MNIST: not downloaded ({reason(error)})")
        return False
    return True


def reason(error: BaseException) -> str:
    """Why something could not be fetched, in a few words: a long message gives way to the one at its root."""
    message = str(error)
    if len(message) <= SHORT and "\n" not in message:
        return message
    while (root := error.__cause__ or error.__context__) is not None:
        error = root
    return str(getattr(error, "strerror", None) or error).partition("\n")[0][:SHORT]


def fetch_url(url: str, most: int, seconds: float) -> bytes:
    """Get a file from the network.

    Arguments:
        url: where it is.
        most: the bytes to stop after.
        seconds: the time for all of it: looking up the name, which has no limit of its own, and the transfer.

    Returns:
        The content, cut off after `most` bytes.

    Errors:
        OSError: it could not be fetched; TimeoutError, which is one, if not in time.
    """
    return within(seconds, lambda: _fetch(url, most, seconds))


def within(seconds: float, call: Callable[[], T]) -> T:
    """Call a function and wait for it no longer than so many seconds.

    Arguments:
        seconds: how long to wait.
        call: the function; it goes on in a daemon thread if it is late.

    Returns:
        What it returned.

    Errors:
        TimeoutError: it was late.
        Exception: whatever it raised.
    """
    results: list[T] = []
    failures: list[Exception] = []
    worker = threading.Thread(target=_collect, args=(call, results, failures), daemon=True)
    worker.start()
    worker.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def _collect(call: Callable[[], T], results: list[T], failures: list[Exception]) -> None:
    try:
        results.append(call())
    except Exception as error:
        failures.append(error)


class _FullError(Exception):
    """A file is as long as it may be."""


class _Bounded(io.BytesIO):
    """A file in memory that takes no more than so many bytes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def write(self, chunk: Any) -> int:
        written = super().write(chunk[: self.most - self.tell()])
        if self.tell() == self.most:
            raise _FullError
        return written


def _fetch(url: str, most: int, seconds: float) -> bytes:
    content = _Bounded(most)
    with suppress(_FullError):
        pooch.HTTPDownloader(timeout=seconds)(url, content, None)
    return content.getvalue()


def _fetch_into(cache: Path, remote: Remote, fetch: Fetch, seconds: float) -> None:
    def downloader(url: str, path: str, _: object) -> None:
        Path(path).write_bytes(fetch(url, remote.size + 1, seconds))

    pooch.get_logger().setLevel("ERROR")  # what happens is told by `say`
    files = pooch.create(cache, MIRROR, registry={remote.name: f"sha256:{remote.sha256}"})
    try:
        # cast, as pooch's type names the arguments otherwise than pooch itself gives them, by place
        files.fetch(remote.name, downloader=cast(Any, downloader))
    except OSError:
        raise
    except ValueError as error:
        raise OSError(f"what came as {remote.name} is another file") from error


def _holds(folder: Path, remote: Remote) -> bool:
    try:
        path = folder / remote.name
        return path.stat().st_size == remote.size and pooch.file_hash(str(path)) == remote.sha256
    except OSError:
        return False
