"""TLS as libprocess does it: LIBPROCESS_SSL_* into contexts, for who dials us and for our own link.

As Mesos: libprocess's openssl.cpp. A client's certificate is asked for and checked only with
REQUIRE_CLIENT_CERT. Imported only where TLS is on: loading it takes a while, and memory.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from executor.settings.libprocess import ServerTls
from specs.network.libprocess_ssl import TlsSettings

if TYPE_CHECKING:
    from ssl import SSLContext


def client_context(settings: ServerTls) -> SSLContext:
    """For the link; raises OSError (ssl.SSLError is one) for files that cannot be read."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = settings.client.verify and settings.client.check_address
    context.verify_mode = ssl.CERT_REQUIRED if settings.client.verify else ssl.CERT_NONE
    _trust(context, settings.client, needed=settings.client.verify)
    context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def server_context(settings: ServerTls) -> SSLContext:
    """For those who dial us; raises OSError as above."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.cert_file, settings.key_file)
    if settings.require_client_cert:
        context.verify_mode = ssl.CERT_REQUIRED
        _trust(context, settings.client, needed=True)
    return context


def _trust(context: SSLContext, client: TlsSettings, *, needed: bool) -> None:
    if client.ca_file or client.ca_directory:
        context.load_verify_locations(cafile=client.ca_file, capath=client.ca_directory)
    elif needed:
        context.load_default_certs()
