"""Whether the two ends of a connection talk in the clear or through TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final

from support.certificates import client_context, server_context


@dataclass(frozen=True)
class Security:
    """The contexts of a server and of its clients, if they talk through TLS."""

    server: ssl.SSLContext | None
    client: ssl.SSLContext | None

    def scheme(self, plain: str) -> str:
        """The scheme of URLs, of which `plain` is the one without TLS."""
        return f"{plain}s" if self.server else plain


KINDS: Final = ("plain", "TLS")


def security_of(kind: str) -> Security:
    """The security of one of ``KINDS``."""
    return Security(server_context(), client_context()) if kind == "TLS" else Security(None, None)
