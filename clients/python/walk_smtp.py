"""Mail: aiosmtpd as the mail server, by STARTTLS, by TLS from the first byte and in clear, with user and password.

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


def own_address():
    """An address of this machine that is not its loopback; none where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            # This sends nothing.
            any_socket.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = any_socket.getsockname()[0]
    return None if ipaddress.ip_address(address).is_loopback else address


ELSEWHERE = own_address()


def certificate(folder, name):
    """A certificate that signs itself, for this machine. Returns the files of the certificate and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    addresses = [address for address in ["127.0.0.1", ELSEWHERE] if address]
    names = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    names.append(x509.DNSName("localhost"))
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
    """A mail server that takes mail from one user alone, by `starttls`, by `tls` from the first byte, or in `clear`.

    By `starttls` it offers AUTH to nobody before; in `clear` it does, and offers no STARTTLS.
    """

    def __init__(self, files, kind, host="127.0.0.1"):
        self.mails = []
        self.logins = []
        self.tls = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        self.port = free_port()
        how = {
            # aiosmtpd knows of TLS only where STARTTLS brought it.
            "tls": {"ssl_context": context, "auth_require_tls": False},
            "starttls": {"tls_context": context, "require_starttls": True},
            "clear": {"auth_require_tls": False},
        }[kind]
        self.controller = Controller(
            self, hostname=host, port=self.port, auth_required=True, authenticator=self.check, **how
        )

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()

    def check(self, server, session, envelope, mechanism, data):
        self.tls.append(session.ssl is not None)
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
        def is_ready():
            assert server.poll() is None, (folder / "server.log").read_text()
            return requests.get(f"{lab.ENDPOINT}/_cognate/health/ready", timeout=1).ok

        wait_until(is_ready)
        yield
    finally:
        lab.ENDPOINT = before
        server.terminate()
        server.wait(30)


def doctor(smtp_url, trusted, *arguments):
    """What `cognate doctor` says of the mail server, and whether nothing is wrong."""
    environment = os.environ | {"SSL_CERT_FILE": str(trusted), "COGNATE_SMTP_URL": smtp_url}
    ended = subprocess.run(
        [os.environ["COGNATE_TEST_PROGRAM"], "doctor", "--ephemeral", "--mail-from", "no-reply@example.com", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = ended.stdout + ended.stderr
    assert "mail-p@ss" not in said and SECRET not in said, said
    return [line for line in ended.stdout.splitlines() if "mail" in line], ended.returncode == 0


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


def is_given_up(folder, word):
    """Waits until the server's log says why a mail did not leave; no password is in it."""
    log = folder / "server.log"
    wait_until(lambda: word in log.read_text().lower())
    assert SECRET not in log.read_text() and "mail-p@ss" not in log.read_text()


with tempfile.TemporaryDirectory(prefix="cognate-smtp-") as place:
    place = Path(place)
    ours, other = certificate(place, "ours"), certificate(place, "other")
    forms = [
        ("STARTTLS, and AUTH only after it", "starttls", "127.0.0.1", "smtp://{}@localhost:{}?tls=required"),
        ("TLS from the first byte", "tls", "127.0.0.1", "smtps://{}@localhost:{}"),
    ]
    if ELSEWHERE:
        forms.append(("STARTTLS unasked, to another host", "starttls", ELSEWHERE, f"smtp://{{}}@{ELSEWHERE}:{{}}"))
    for name, kind, host, form in forms:
        with Post(ours, kind, host) as post:
            url = form.format(f"{USER}:{SECRET}", post.port)
            with step(f"{name}: a code comes by mail and confirms"), cognate(place, url, ours[0]):
                client, client_id, user, email = signs_up()
                code = post.code_for(email)
                client.confirm_sign_up(ClientId=client_id, Username=user, ConfirmationCode=code)
                expect(post.logins[0], (USER.encode(), b"mail-p@ss"))
                expect(post.tls[0], kind == "starttls")
            sent = len(post.mails), len(post.logins)
            distrust = f"{name}: who has another certificate gets neither mail nor password"
            with step(distrust), cognate(place, url, other[0]):
                signs_up()
                is_given_up(place, "certificate")
                expect((len(post.mails), len(post.logins)), sent)
            with step(f"{name}: doctor signs in, and sends one mail"):
                expect(doctor(url, ours[0])[1], True)
                expect((len(post.mails), len(post.logins)), (sent[0], sent[1] + 1))
                said, is_well = doctor(url, ours[0], "--mail-to", "me@example.com")
                assert is_well and "took user and password over TLS" in said[0], said
                expect(post.mails[-1][0], ["me@example.com"])
            with step(f"{name}: doctor says that a password is wrong, and a certificate unknown"):
                count = len(post.mails)
                said, is_well = doctor(form.format(f"{USER}:wrong", post.port), ours[0], "--mail-to", "me@example.com")
                assert not is_well and said[0].startswith("WRONG"), said
                said, is_well = doctor(url, other[0])
                assert not is_well and "certificate" in said[0].lower(), said
                expect(len(post.mails), count)

    # Somebody on the way takes the offer of STARTTLS out of what the mail server says.
    stripped = [("that asks for it", "127.0.0.1", "smtp://{}@localhost:{}?tls=required")]
    if ELSEWHERE:
        stripped.append(("of another host", ELSEWHERE, f"smtp://{{}}@{ELSEWHERE}:{{}}"))
    for name, host, form in stripped:
        with Post(ours, "clear", host) as post:
            url = form.format(f"{USER}:{SECRET}", post.port)
            refusal = f"An address {name} gives neither mail nor password where STARTTLS is not offered"
            with step(refusal), cognate(place, url, ours[0]):
                signs_up()
                is_given_up(place, "starttls")
                said, is_well = doctor(url, ours[0], "--mail-to", "me@example.com")
                assert not is_well and "starttls" in said[0].lower(), said
                expect((post.mails, post.logins), ([], []))

    clear = [("of this machine", "127.0.0.1", "smtp://{}@localhost:{}")]
    if ELSEWHERE:
        clear.append(("with tls=none", ELSEWHERE, f"smtp://{{}}@{ELSEWHERE}:{{}}?tls=none"))
    for name, host, form in clear:
        with Post(ours, "clear", host) as post:
            url = form.format(f"{USER}:{SECRET}", post.port)
            with step(f"An address {name} sends in clear"), cognate(place, url, ours[0]):
                client, client_id, user, email = signs_up()
                client.confirm_sign_up(ClientId=client_id, Username=user, ConfirmationCode=post.code_for(email))
                said, is_well = doctor(url, ours[0])
                assert is_well and "without encryption" in said[0], said

step.finish()
