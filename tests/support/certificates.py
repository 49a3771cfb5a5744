"""Certificates for tests, made anew for every run."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

HOST = "localhost"
OTHER_HOST = "other.example"

_SERVER_NAMES = (HOST, "127.0.0.1", "::1")


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def _certificate(*names: str) -> trustme.LeafCert:
    return _authority().issue_cert(*names)


def server_context(*names: str) -> ssl.SSLContext:
    """What a server for `names` (by default for ``HOST`` and the loopback addresses) needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _certificate(*(names or _SERVER_NAMES)).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    """What a client needs that trusts such servers."""
    # Not create_default_context: to load the machine's own authorities takes longer than many a test.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _authority().configure_trust(context)
    return context


def identified_client_context() -> ssl.SSLContext:
    """What a client needs that has a certificate of its own."""
    context = client_context()
    _certificate("client@example.org").configure_cert(context)
    return context


def requiring_server_context() -> ssl.SSLContext:
    """What a server needs that asks its clients for certificates."""
    context = server_context()
    _authority().configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@dataclass(frozen=True)
class Files:
    """Where a server finds its private key and its certificate, and its clients the authority they trust."""

    key: Path
    certificate: Path
    authority: Path


def server_files(folder: Path) -> Files:
    """Files in `folder` for servers in processes of their own."""
    files = Files(folder / "key.pem", folder / "certificate.pem", folder / "authority.pem")
    certificate = _certificate(*_SERVER_NAMES)
    certificate.private_key_pem.write_to_path(files.key)
    files.key.chmod(0o600)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(files.certificate, append=True)
    _authority().cert_pem.write_to_path(files.authority)
    return files
