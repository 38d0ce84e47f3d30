"""TLS over loopback with the certificate of the tests."""

from __future__ import annotations

import ssl

from .sample import ROOT

# By their paths: the module that names them imports h2, which the venv of other clients does not have.
CERTIFICATE = ROOT / "tests" / "support" / "untrusted-test-cert.pem"
CERTIFICATE_KEY = CERTIFICATE.with_name("untrusted-test-key.pem")


def server_context() -> ssl.SSLContext:
    """Return the context of the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    return context


def client_context() -> ssl.SSLContext:
    """Return a context that trusts the server alone."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    context.check_hostname = False  # the certificate names api.test, and loopback has no such name
    return context
