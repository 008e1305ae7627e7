"""What a test needs of the machine: skipped with a reason where it is missing, a failure in CI."""

import os
import shutil

import pytest


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where a program is not installed; in CI everything must be."""
    missing = shutil.which(program) is None
    if missing and os.environ.get("CI") == "true":
        raise RuntimeError(f"CI must have {program}")
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")
