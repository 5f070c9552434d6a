"""Where and with what a run was made: recorded with every member, never part of its id."""

import functools
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("phenoscope", "torch", "numpy", "scipy", "polars", "safetensors", "scikit-learn", "mnist1d")


def environment() -> dict[str, Any]:
    """Versions, machine, and the commit of the code where it runs from a checkout."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": {name: _version(name) for name in PACKAGES},
        **_git(),
    }


def circumstances(device: torch.device) -> dict[str, str | None]:
    """What the bytes of a result depend on besides its recipe, as far as a run may not go on once it has changed."""
    cuda = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return {
        "torch": torch.__version__,
        "phenoscope": _version("phenoscope"),
        "device": str(device),
        "cuda": cuda,
    }


def best_device() -> torch.device:
    """CUDA where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@functools.cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


@functools.cache
def _git() -> dict[str, Any]:
    """Commit and dirty flag of the checkout that holds this file, if it is one; as it was when first asked."""
    here = Path(__file__).parent

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ("git", "--no-optional-locks", "-C", str(here), *arguments),
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = ask("rev-parse", "HEAD")
    tracked = commit is not None and ask("ls-files", "--error-unmatch", str(Path(__file__))) is not None
    if not tracked:
        return {"commit": None, "dirty": None}
    changes = ask("status", "--porcelain")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}
