"""What the Python client programs share: numbered steps, a user pool of their own, the mails sent, TOTP codes."""

import base64
import json
import os
import secrets
import sys
import time
import traceback
from contextlib import contextmanager

# Any credentials do, but botocore signs nothing without them. Nothing of the caller's own AWS setup may leak in.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

import boto3
import pyotp
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["COGNATE_TEST_ENDPOINT"].rstrip("/")
REGION = "us-east-1"
PASSWORD = "Correct-horse-1"
CHANGED_PASSWORD = "Battery-staple-2"
RESET_PASSWORD = "Tr0ub4dor&3-again"
WRONG_PASSWORD = "Wrong-password-9"

INCORRECT = ("NotAuthorizedException", "Incorrect username or password.")
REVOKED = ("NotAuthorizedException", "Access Token has been revoked")


class Steps:
    """Prints a line per step in the Test Anything Protocol. A failed step does not stop the later ones."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    @contextmanager
    def __call__(self, name):
        self.number += 1
        try:
            yield
        except Exception:
            self.failed += 1
            print(f"not ok {self.number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        else:
            print(f"ok {self.number} - {name}")
        sys.stdout.flush()

    def finish(self):
        """Prints the plan, which tells the reader that the program came to its end, and exits."""
        print(f"1..{self.number}")
        sys.exit(1 if self.failed else 0)


def expect(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


@contextmanager
def refused(code, message=None):
    """Passes when the body is refused with this error code and, where given, this text."""
    try:
        yield
    except ClientError as error:
        got = error.response["Error"]
        expect(got["Code"], code)
        if message is not None:
            expect(got["Message"], message)
    else:
        raise AssertionError(f"was accepted, expected {code}")


def idp():
    """A boto3 client that shows each answer as it came, without retries that would hide failures."""
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("cognito-idp", endpoint_url=ENDPOINT, region_name=REGION, config=config)


def create_pool(name, **settings):
    """A pool that verifies e-mail addresses and lets users turn TOTP on. Returns its id."""
    client = idp()
    pool = client.create_user_pool(PoolName=name, AutoVerifiedAttributes=["email"], **settings)["UserPool"]
    client.set_user_pool_mfa_config(
        UserPoolId=pool["Id"], SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    return pool["Id"]


def create_client(pool_id, *flows, secret=False):
    """An app client with these flows beside the refresh flow. Returns what CreateUserPoolClient says of it."""
    return idp().create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="walk",
        GenerateSecret=secret,
        ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH", *flows],
    )["UserPoolClient"]


def require_mfa(pool_id):
    """Nobody signs in to the pool without a second factor from now on."""
    idp().set_user_pool_mfa_config(
        UserPoolId=pool_id, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="ON"
    )


def create_user(pool_id, name, **attributes):
    """A confirmed user with PASSWORD."""
    attributes = [{"Name": key, "Value": value} for key, value in attributes.items()]
    user = {"UserPoolId": pool_id, "Username": name}
    # In a pool where one can sign in without a password, none is made up.
    settings = {"TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS"}
    idp().admin_create_user(**user, UserAttributes=attributes, **settings)
    idp().admin_set_user_password(**user, Password=PASSWORD, Permanent=True)


def set_up_totp(access_token):
    """Registers an authenticator app and prefers it, by a code of it. Returns the app."""
    client = idp()
    secret_code = client.associate_software_token(AccessToken=access_token)["SecretCode"]
    authenticator = Authenticator(secret_code)
    client.verify_software_token(AccessToken=access_token, UserCode=authenticator.code())
    client.set_user_mfa_preference(
        AccessToken=access_token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return authenticator


def new_name():
    return f"ada-{secrets.token_hex(4)}"


def claims(token):
    """What a token says, unchecked."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class Mailbox:
    """The codes sent to one address, read from the development outbox."""

    def __init__(self, address):
        self.address = address
        self.last_code = None

    def code(self):
        """The newest code, waiting for one that was not read before."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            answer = requests.get(f"{ENDPOINT}/_cognate/outbox/code", params={"to": self.address}, timeout=5)
            code = answer.text.strip()
            if answer.status_code == 200 and code != self.last_code:
                self.last_code = code
                return code
            time.sleep(0.05)
        raise AssertionError(f"no new code for {self.address} in the outbox: {answer.status_code} {answer.text!r}")


class Authenticator:
    """A user's authenticator app. A code is good once, so each call gives the code of a later time step."""

    def __init__(self, secret_code):
        self.totp = pyotp.TOTP(secret_code)
        self.step = int(time.time()) // 30 - 1

    def code(self):
        # Servers accept one step ahead of theirs: wait only when two codes were used within half a minute.
        self.step = max(self.step + 1, int(time.time()) // 30)
        while self.step > int(time.time()) // 30 + 1:
            time.sleep(0.5)
        return self.totp.at(self.step * 30)


def wrong_code(code):
    """A code of the same form that is certainly another one."""
    return str((int(code) + 500_000) % 1_000_000).zfill(6)
