"""How many cores a process may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from dask.system import CPU_COUNT

from backprop.scheduler.machine.cores import quotas, usable_cores


def test_it_is_what_dask_counts() -> None:
    assert usable_cores() == CPU_COUNT


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"cpu.max": "150000 100000\n"}, [1.5]),
        ({"cpu.max": "max 100000\n"}, []),
        ({"cpu.max": "150000 100000\n", "slice/cpu.max": "50000 100000\n"}, [0.5]),
        ({"cpu,cpuacct/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, [3.0]),
        ({"cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, []),
        ({"cpu.max": "0 0\n"}, []),
        ({"cpu.max": "what?\xff"}, []),
    ],
)
def test_a_container_has_a_quota(files: dict[str, str], expected: list[float], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_bytes(text.encode("latin-1"))
    group = tmp_path / "group"
    group.write_text("0::/slice\n" if "slice/cpu.max" in files else "0::/\n")
    assert list(quotas(tmp_path / "groups", group)) == expected
