"""Certificates of a certificate authority of our own, made with openssl for the length of a test."""
from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path

    def server(self, *, clients: Path | None = None) -> ssl.SSLContext:
        """For a server; with `clients` it asks for a certificate of that authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context


def make_authority(folder: Path, name: str = "authority") -> Certificate:
    """A new certificate authority."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.certificate))
    return made


def make_certificate(folder: Path, authority: Certificate, name: str, *, address: str, kind: str = "IP",
                     expired: bool = False) -> Certificate:
    """A certificate by the authority for this IP address, or this name where `kind` is DNS; for two days."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    request = folder / f"{name}.csr"
    extension = folder / f"{name}.ext"
    extension.write_text(f"subjectAltName={kind}:{address}\n")
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
             "-keyout", str(made.key), "-out", str(request))
    if expired:
        _sign_as_of_old(folder, authority, request, extension, made.certificate)
    else:
        _openssl("x509", "-req", "-in", str(request), "-CA", str(authority.certificate), "-CAkey", str(authority.key),
                 "-CAcreateserial", "-days", "2", "-extfile", str(extension), "-out", str(made.certificate))
    return made


def _sign_as_of_old(folder: Path, authority: Certificate, request: Path, extension: Path, to: Path) -> None:
    """OpenSSL takes no negative days any more, and not every version has other words for that in `x509`."""
    (folder / "index").write_text("")  # of nothing that was signed before
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(f"""\
[ca]
default_ca = here
[here]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = names
[names]
commonName = supplied
""")
    _openssl("ca", "-batch", "-config", str(folder / "ca.cnf"), "-cert", str(authority.certificate), "-keyfile",
             str(authority.key), "-startdate", "20200101000000Z", "-enddate", "20200102000000Z",
             "-extfile", str(extension), "-notext", "-in", str(request), "-out", str(to))


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
