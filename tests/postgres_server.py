"""A Postgres server of our own for the tests that need one."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ATTEMPTS = 3


def binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def serving(folder: Path, rules: str = "") -> Iterator[int]:
    """A Postgres server with its data below `folder`; gives its port. `rules` go before the others in pg_hba.conf.

    The user postgres comes in without a password. The test is skipped where Postgres is not installed.
    """
    where = binaries()
    if where is None:
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    user = pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else os.getuid()
    for path in (folder, *folder.parents):
        if path == Path(tempfile.gettempdir()):
            break
        path.chmod(0o755)  # the server's own user must reach its folder
    os.chown(folder, user, -1)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, timeout=120)

    run(str(where / "initdb"), "-A", "trust", "-U", "postgres", "-D", str(folder / "data"))
    hba = folder / "data" / "pg_hba.conf"
    hba.write_text(f"{rules}\n{hba.read_text()}")
    for attempt in range(_ATTEMPTS):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        try:
            run(str(where / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "log"), "-o",
                f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}", "start")  # fmt: skip
            break
        except subprocess.CalledProcessError:  # another server may have taken the port in the meantime
            if attempt == _ATTEMPTS - 1:
                raise
    yield port
    run(str(where / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Postgres server of our own."""
    with serving(Path(tmp_path_factory.mktemp("postgres", numbered=True))) as port:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
