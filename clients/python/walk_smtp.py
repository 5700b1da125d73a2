"""Mail over TLS: aiosmtpd as the mail server, by STARTTLS and by TLS from the first byte, with user and password.

Each server of Cognate here is the program's own, since how it sends is a setting.
"""

import datetime
import ipaddress
import os
import re
import socket
import ssl
import subprocess
import tempfile
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import lab
from lab import *

step = Steps()
USER, SECRET = "cognate", "mail-p%40ss"


def certificate(folder, name):
    """A certificate that signs itself, for localhost. Returns the files of the certificate and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


class Post:
    """A mail server that takes mail over TLS and from one user alone."""

    def __init__(self, files, implicit):
        self.mails = []
        self.logins = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        self.port = free_port()
        if implicit:
            # aiosmtpd knows of TLS only where STARTTLS brought it.
            how = {"ssl_context": context, "auth_require_tls": False}
        else:
            how = {"tls_context": context, "require_starttls": True}
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, auth_required=True, authenticator=self.check, **how
        )

    def check(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (USER.encode(), b"mail-p@ss"))

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    def code_for(self, address):
        def mails():
            return [mail for recipients, mail in list(self.mails) if recipients == [address]]

        wait_until(mails)
        return re.search(r"\b\d{6}\b", mails()[0].get_content()).group()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def cognate(folder, smtp_url, trusted):
    """A server of Cognate that sends its mail there; everything in `lab` speaks to it."""
    port = free_port()
    arguments = ["serve", "--ephemeral", "--listen", f"127.0.0.1:{port}", "--mail-from", "no-reply@example.com"]
    environment = os.environ | {"SSL_CERT_FILE": str(trusted), "COGNATE_SMTP_URL": smtp_url}
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(
            [os.environ["COGNATE_TEST_PROGRAM"], *arguments], stdout=log, stderr=log, env=environment
        )
    before, lab.ENDPOINT = lab.ENDPOINT, f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: requests.get(f"{lab.ENDPOINT}/_cognate/health/ready", timeout=1).ok)
        yield
    finally:
        lab.ENDPOINT = before
        server.terminate()
        server.wait(30)


def wait_until(holds):
    deadline = time.monotonic() + 30
    while True:
        try:
            if holds():
                return
        except requests.ConnectionError:
            pass
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


def signs_up():
    """Signs somebody up. Returns the client, its id, the name and the address."""
    client_id = create_client(create_pool("smtp"))["ClientId"]
    client, name = idp(), new_name()
    email = f"{name}@example.com"
    attributes = [{"Name": "email", "Value": email}]
    client.sign_up(ClientId=client_id, Username=name, Password=PASSWORD, UserAttributes=attributes)
    return client, client_id, name, email


with tempfile.TemporaryDirectory(prefix="cognate-smtp-") as place:
    place = Path(place)
    ours, other = certificate(place, "ours"), certificate(place, "other")
    for implicit, kind in [(False, "STARTTLS"), (True, "TLS from the first byte")]:
        post = Post(ours, implicit)
        post.controller.start()
        scheme, required = ("smtps", "") if implicit else ("smtp", "?tls=required")
        url = f"{scheme}://{USER}:{SECRET}@localhost:{post.port}{required}"
        try:
            with step(f"{kind}: a code comes by mail and confirms"), cognate(place, url, ours[0]):
                client, client_id, name, email = signs_up()
                code = post.code_for(email)
                client.confirm_sign_up(ClientId=client_id, Username=name, ConfirmationCode=code)
                expect(post.logins[0], (USER.encode(), b"mail-p@ss"))
            sent = len(post.mails), len(post.logins)
            distrust = f"{kind}: who has another certificate gets neither mail nor password"
            with step(distrust), cognate(place, url, other[0]):
                signs_up()
                log = place / "server.log"
                wait_until(lambda: "certificate" in log.read_text().lower())
                expect((len(post.mails), len(post.logins)), sent)
                assert SECRET not in log.read_text() and "mail-p@ss" not in log.read_text()
        finally:
            post.controller.stop()

step.finish()
