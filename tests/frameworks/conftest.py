"""Fixtures of the tests of frameworks."""

from __future__ import annotations

import pytest

from support.security import KINDS, Security, security_of


@pytest.fixture(params=KINDS)
def security(request: pytest.FixtureRequest) -> Security:
    """No TLS, then TLS."""
    return security_of(request.param)
