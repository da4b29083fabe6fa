"""What an operator can set: options of the command, or a TOML file of the same names."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ...errors import DamagedDataError
from ...graph.wire.limits import Limits
from ..copies.race import Policy
from ..programs import Work
from ..queue import Bounds


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator has set.

    Arguments:
        host, port: where to listen; port 0 takes any that is free.
        state: the folder of the journal.
        store: bytes of answers that are kept there.
        token_file: the clients; None asks for no token.
        tls_cert, tls_key: files of a certificate and its key; None for no TLS.
        policy: when runs on a cluster get other copies.
        isolate: whether ops of the operator's own run in processes that can be ended.
        umbridge: whether UM-Bridge is spoken under /umbridge.
        drain: seconds that running runs are given at the end.
        bounds, limits, work: of the queue, of messages and of runs.
    """

    host: str = "127.0.0.1"
    port: int = 7654
    state: Path = Path("backprop-state")
    store: int = 4 << 30
    token_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    policy: Policy = field(default_factory=Policy)
    isolate: bool = False
    umbridge: bool = False
    drain: float = 30.0
    bounds: Bounds = field(default_factory=Bounds)
    limits: Limits = field(default_factory=Limits)
    work: Work = field(default_factory=Work)

    def checked(self) -> Settings:
        """The settings themselves.

        Errors:
            DamagedDataError: an address that others can reach, without tokens or without TLS.
        """
        if (self.tls_cert is None) != (self.tls_key is None):
            raise DamagedDataError("a certificate needs its key", fix="give both --tls-cert and --tls-key")
        missing = [
            option
            for option, there in (("--token-file", self.token_file), ("--tls-cert and --tls-key", self.tls_cert))
            if there is None
        ]
        if missing and not is_loopback(self.host):
            raise DamagedDataError(
                f"{self.host} can be reached by others, and so the service does not start there as it is",
                fix=f"give {' and '.join(missing)} (or --tls-self-signed), or --bind 127.0.0.1:{self.port}",
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def with_limits(settings: Settings, path: Path) -> Settings:
    """The settings with the tables [queue], [message] and [run] of a TOML file.

    Errors:
        DamagedDataError: it is no TOML, or names what there is not.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DamagedDataError(f"no TOML: {error}", str(path)) from error
    parts = {"queue": settings.bounds, "message": settings.limits, "run": settings.work}
    if unknown := sorted(given.keys() - parts.keys()):
        raise DamagedDataError(f"there is no table [{unknown[0]}]", str(path), f"use {', '.join(sorted(parts))}")
    made = {name: changed(part, given.get(name, {}), f"{path}: [{name}]") for name, part in parts.items()}
    return replace(settings, bounds=made["queue"], limits=made["message"], work=made["run"])


def changed(part: Any, values: Mapping[str, Any], where: str) -> Any:
    """A record of numbers with some of them changed.

    Arguments:
        part: the record, a dataclass.
        values: the new numbers, by name.
        where: the file, for errors.
    Errors:
        DamagedDataError: a name that is none of them, or a value that is no positive number.
    """
    names = {f.name for f in fields(part) if f.name != "weights"}
    for name, value in values.items():
        if name not in names:
            raise DamagedDataError(f"there is no limit {name}", where, f"use {', '.join(sorted(names))}")
        wanted = type(getattr(part, name))
        if isinstance(value, bool) or not isinstance(value, wanted | int) or value <= 0:
            raise DamagedDataError(f"{name} is {value!r}, and no positive number", where)
    return replace(part, **{name: type(getattr(part, name))(value) for name, value in values.items()})
