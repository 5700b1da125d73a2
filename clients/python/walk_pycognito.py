"""pycognito: SRP, by users who sign in with their e-mail address, then by a client with a secret.

pycognito checks the signature, issuer and audience of each token it receives, with keys from the pool's JWKS.
"""

from pycognito import Cognito
from pycognito.exceptions import SoftwareTokenMFAChallengeException, TokenVerificationException

from lab import *

step = Steps()


def walk(kind, pool_id, client, username, email):
    """The user's whole way through one client; the step names begin with the kind of client."""
    mailbox = Mailbox(email)

    def person():
        return Cognito(
            pool_id,
            client["ClientId"],
            user_pool_region=REGION,
            username=username,
            client_secret=client.get("ClientSecret"),
            boto3_client_kwargs={"endpoint_url": ENDPOINT},
        )

    def signed_in(password):
        someone = person()
        someone.authenticate(password)
        return someone

    ada = person()
    with step(f"{kind}: signs up"):
        ada.set_base_attributes(email=email)
        ada.register(username, PASSWORD)
    with step(f"{kind}: confirms by the code from the outbox"):
        ada.confirm_sign_up(mailbox.code(), username)
    with step(f"{kind}: is refused with a wrong password"):
        with refused(*INCORRECT):
            person().authenticate(WRONG_PASSWORD)
    with step(f"{kind}: signs in and verifies the tokens"):
        ada.authenticate(PASSWORD)
        expect(ada.id_claims["email"], email)
        expect(ada.access_claims["client_id"], client["ClientId"])
    with step(f"{kind}: refuses a tampered token"):
        head, payload, signature = ada.access_token.split(".")
        tampered = ("B" if signature[0] == "A" else "A") + signature[1:]
        try:
            ada.verify_token(f"{head}.{payload}.{tampered}", "access_token", "access")
        except TokenVerificationException:
            pass
        else:
            raise AssertionError("the tampered token was accepted")
    with step(f"{kind}: reads and updates its own attributes"):
        ada.update_profile({"given_name": "Ada"})
        user = ada.get_user()
        expect((user.given_name, user.email_verified), ("Ada", True))
    with step(f"{kind}: sets up TOTP"):
        authenticator = Authenticator(ada.associate_software_token())
        assert ada.verify_software_token(authenticator.code(), "phone")
        ada.set_user_mfa_preference(False, True, "SOFTWARE_TOKEN")
    with step(f"{kind}: signs in with a TOTP code"):
        ada = person()
        try:
            ada.authenticate(PASSWORD)
        except SoftwareTokenMFAChallengeException:
            ada.respond_to_software_token_mfa_challenge(authenticator.code())
        else:
            raise AssertionError("no code was asked for")
    with step(f"{kind}: turns TOTP off"):
        ada.set_user_mfa_preference(False, False)
        ada = signed_in(PASSWORD)
    with step(f"{kind}: refreshes the tokens"):
        before = ada.access_token
        ada.renew_access_token()
        assert ada.access_token != before
    with step(f"{kind}: changes the password"):
        ada.change_password(PASSWORD, CHANGED_PASSWORD)
        with refused(*INCORRECT):
            signed_in(PASSWORD)
        ada = signed_in(CHANGED_PASSWORD)
    with step(f"{kind}: resets the forgotten password by the code from the outbox"):
        ada.initiate_forgot_password()
        ada.confirm_forgot_password(mailbox.code(), RESET_PASSWORD)
        with refused(*INCORRECT):
            signed_in(CHANGED_PASSWORD)
        ada = signed_in(RESET_PASSWORD)
    with step(f"{kind}: signs out everywhere"):
        access_token, refresh_token = ada.access_token, ada.refresh_token
        ada.logout()
    with step(f"{kind}: is refused with the tokens of before the sign-out"):
        ada.access_token, ada.refresh_token = access_token, refresh_token
        with refused(*REVOKED):
            ada.get_user()
        with refused("NotAuthorizedException"):
            ada.renew_access_token()


def first_sign_in(pool_id, client):
    """An administrator's temporary password, replaced over SRP."""
    guest = new_name()
    person = Cognito(
        pool_id,
        client["ClientId"],
        user_pool_region=REGION,
        username=guest,
        client_secret=client["ClientSecret"],
        boto3_client_kwargs={"endpoint_url": ENDPOINT},
    )
    person.admin_create_user(guest, PASSWORD, {"MessageAction": "SUPPRESS"})
    person.new_password_challenge(PASSWORD, CHANGED_PASSWORD)
    person.authenticate(CHANGED_PASSWORD)


with step("creates the pools and clients"):
    by_email = create_pool("pycognito-email", UsernameAttributes=["email"])
    by_name = create_pool("pycognito-name")
    plain = create_client(by_email, "ALLOW_USER_SRP_AUTH")
    secret = create_client(by_name, "ALLOW_USER_SRP_AUTH", secret=True)
ada, eve = new_name(), new_name()
walk("e-mail", by_email, plain, f"{ada}@example.com", f"{ada}@example.com")
walk("secret", by_name, secret, eve, f"{eve}@example.com")
with step("secret: replaces a temporary password"):
    first_sign_in(by_name, secret)
with step("secret: is refused with a wrong secret"):
    wrong = Cognito(
        by_name,
        secret["ClientId"],
        username=eve,
        client_secret="0" * 51,
        boto3_client_kwargs={"endpoint_url": ENDPOINT},
    )
    text = f"Unable to verify secret hash for client {secret['ClientId']}"
    with refused("NotAuthorizedException", text):
        wrong.authenticate(RESET_PASSWORD)
step.finish()
