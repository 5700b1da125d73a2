"""aws-cli: the user's whole way, each call a process of its own."""

import json
import re
import subprocess
from pathlib import Path

from lab import *

step = Steps()
name = new_name()
email = f"{name}@example.com"
mailbox = Mailbox(email)
AWS = str(Path(sys.executable).with_name("aws"))


def aws(operation, **parameters):
    """Runs `aws cognito-idp OPERATION --parameter value …` and returns its JSON output."""
    command = [AWS, "--endpoint-url", ENDPOINT, "--region", REGION, "--output", "json", "cognito-idp", operation]
    for parameter, value in parameters.items():
        command += [f"--{parameter.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise CliError(done.stderr.strip())
    return json.loads(done.stdout) if done.stdout.strip() else {}


class CliError(Exception):
    """What aws-cli wrote to its error output."""


@contextmanager
def cli_refused(code, message=None):
    try:
        yield
    except CliError as error:
        got = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation: (.*)", str(error))
        assert got, f"no error of the service: {error}"
        expect(got.group(1), code)
        if message is not None:
            expect(got.group(2), message)
    else:
        raise AssertionError(f"was accepted, expected {code}")


def sign_in(password):
    return aws(
        "initiate-auth",
        client_id=client_id,
        auth_flow="USER_PASSWORD_AUTH",
        auth_parameters={"USERNAME": name, "PASSWORD": password},
    )


with step("creates a pool and a client"):
    pool_id = aws("create-user-pool", pool_name="aws-cli", auto_verified_attributes="email")["UserPool"]["Id"]
    aws(
        "set-user-pool-mfa-config",
        user_pool_id=pool_id,
        software_token_mfa_configuration="Enabled=true",
        mfa_configuration="OPTIONAL",
    )
    client_id = aws(
        "create-user-pool-client",
        user_pool_id=pool_id,
        client_name="walk",
        explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
with step("lists the pool"):
    pools = aws("list-user-pools", max_results="60")["UserPools"]
    assert pool_id in [pool["Id"] for pool in pools], pools
with step("signs up"):
    aws(
        "sign-up",
        client_id=client_id,
        username=name,
        password=PASSWORD,
        user_attributes=f"Name=email,Value={email}",
    )
with step("confirms by the code from the outbox"):
    aws("confirm-sign-up", client_id=client_id, username=name, confirmation_code=mailbox.code())
with step("is refused with a wrong password"):
    with cli_refused(*INCORRECT):
        sign_in(WRONG_PASSWORD)
with step("signs in"):
    tokens = sign_in(PASSWORD)["AuthenticationResult"]
with step("reads its own attributes"):
    expect(aws("get-user", access_token=tokens["AccessToken"])["Username"], name)
with step("sets up TOTP"):
    authenticator = Authenticator(
        aws("associate-software-token", access_token=tokens["AccessToken"])["SecretCode"]
    )
    verified = aws(
        "verify-software-token", access_token=tokens["AccessToken"], user_code=authenticator.code()
    )
    expect(verified["Status"], "SUCCESS")
    aws(
        "set-user-mfa-preference",
        access_token=tokens["AccessToken"],
        software_token_mfa_settings="Enabled=true,PreferredMfa=true",
    )
with step("signs in with a TOTP code"):
    challenge = sign_in(PASSWORD)
    expect(challenge["ChallengeName"], "SOFTWARE_TOKEN_MFA")
    tokens = aws(
        "respond-to-auth-challenge",
        client_id=client_id,
        challenge_name="SOFTWARE_TOKEN_MFA",
        session=challenge["Session"],
        challenge_responses={"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": authenticator.code()},
    )["AuthenticationResult"]
with step("turns TOTP off"):
    aws(
        "set-user-mfa-preference",
        access_token=tokens["AccessToken"],
        software_token_mfa_settings="Enabled=false,PreferredMfa=false",
    )
with step("refreshes the tokens"):
    refreshed = aws(
        "initiate-auth",
        client_id=client_id,
        auth_flow="REFRESH_TOKEN_AUTH",
        auth_parameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )["AuthenticationResult"]
    aws("get-user", access_token=refreshed["AccessToken"])
with step("changes the password"):
    aws(
        "change-password",
        access_token=tokens["AccessToken"],
        previous_password=PASSWORD,
        proposed_password=CHANGED_PASSWORD,
    )
    with cli_refused(*INCORRECT):
        sign_in(PASSWORD)
with step("resets the forgotten password by the code from the outbox"):
    aws("forgot-password", client_id=client_id, username=name)
    aws(
        "confirm-forgot-password",
        client_id=client_id,
        username=name,
        confirmation_code=mailbox.code(),
        password=RESET_PASSWORD,
    )
    tokens = sign_in(RESET_PASSWORD)["AuthenticationResult"]
with step("signs out everywhere"):
    aws("global-sign-out", access_token=tokens["AccessToken"])
with step("is refused with the access token of before the sign-out"):
    with cli_refused(*REVOKED):
        aws("get-user", access_token=tokens["AccessToken"])
with step("deletes the pool"):
    aws("delete-user-pool", user_pool_id=pool_id)
step.finish()
