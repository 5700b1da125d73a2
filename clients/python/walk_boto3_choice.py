"""boto3: sign-ins whose first factor the user chooses, levels of assurance, sessions, and what passkeys refuse.

boto3 computes no SRP: pycognito answers PASSWORD_VERIFIER.
"""

from pycognito.aws_srp import AWSSRP

from lab import *

step = Steps()
client = idp()
name = new_name()
email = f"{name}@example.com"
phone = f"+1555{secrets.randbelow(10**7):07}"
mailbox, messages = Mailbox(email), Mailbox(phone)

FACTORS = ["EMAIL_OTP", "SMS_OTP", "PASSWORD_SRP", "PASSWORD"]
UNTRACKED = ("OperationNotEnabledException", "Session tracking is not enabled for the user pool.")
TOTP_LEVEL, EMAIL_LEVEL = "urn:cognito:loa:4", "urn:cognito:loa:2"


def begin(username=name, session=None, **parameters):
    return client.initiate_auth(
        ClientId=app["ClientId"],
        AuthFlow="USER_AUTH",
        AuthParameters={"USERNAME": username, **parameters},
        **({"Session": session} if session else {}),
    )


def respond(challenge, session, username=name, **responses):
    return client.respond_to_auth_challenge(
        ClientId=app["ClientId"],
        ChallengeName=challenge,
        Session=session,
        ChallengeResponses={"USERNAME": username, **responses},
    )


def select(answer, **responses):
    """Chooses a factor of those that are offered."""
    offered = begin()
    expect(offered["ChallengeName"], "SELECT_CHALLENGE")
    expect(offered["AvailableChallenges"], FACTORS)
    return respond("SELECT_CHALLENGE", offered["Session"], ANSWER=answer, **responses)


def prove(srp, challenge):
    """Answers PASSWORD_VERIFIER."""
    expect(challenge["ChallengeName"], "PASSWORD_VERIFIER")
    proof = srp.process_challenge(challenge["ChallengeParameters"], srp.get_auth_params())
    return respond("PASSWORD_VERIFIER", challenge["Session"], proof.pop("USERNAME"), **proof)


def new_srp():
    srp = AWSSRP(name, PASSWORD, pool_id, app["ClientId"], client=client)
    return srp, srp.get_auth_params()["SRP_A"]


def tokens_of(answer):
    assert "ChallengeName" not in answer, answer
    return answer["AuthenticationResult"]


def by_password(**parameters):
    return begin(PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD, **parameters)


def assurance(tokens):
    said = claims(tokens["AccessToken"])
    return said.get("acr"), said.get("amr")


with step("creates a pool of choices, and a user of all of them"):
    factors = {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]}
    pool_id = create_pool("boto3-choice", Policies={"SignInPolicy": factors})
    app = create_client(pool_id, "ALLOW_USER_AUTH")
    create_user(
        pool_id, name, email=email, email_verified="true", phone_number=phone, phone_number_verified="true"
    )
with step("signs in by the password that it prefers, in clear and by SRP"):
    with refused(*INCORRECT):
        begin(PREFERRED_CHALLENGE="PASSWORD", PASSWORD=WRONG_PASSWORD)
    tokens = tokens_of(by_password())
    srp, public_value = new_srp()
    tokens_of(prove(srp, begin(PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=public_value)))
for factor, medium, box in [("EMAIL_OTP", "EMAIL", mailbox), ("SMS_OTP", "SMS", messages)]:
    with step(f"signs in by {factor}, preferred and selected"):
        challenge = begin(PREFERRED_CHALLENGE=factor)
        expect(challenge["ChallengeName"], factor)
        expect(challenge["ChallengeParameters"]["CODE_DELIVERY_DELIVERY_MEDIUM"], medium)
        code = box.code()
        with refused("CodeMismatchException", "Invalid code or auth state for the user."):
            respond(factor, challenge["Session"], **{f"{factor}_CODE": wrong_code(code)})
        tokens_of(respond(factor, challenge["Session"], **{f"{factor}_CODE": code}))
        challenge = select(factor)
        expect(challenge["ChallengeName"], factor)
        tokens_of(respond(factor, challenge["Session"], **{f"{factor}_CODE": box.code()}))
with step("signs in by a password that it selects, in clear and by SRP"):
    tokens_of(select("PASSWORD", PASSWORD=PASSWORD))
    srp, public_value = new_srp()
    tokens_of(prove(srp, select("PASSWORD_SRP", SRP_A=public_value)))
    with refused(*INCORRECT):
        select("PASSWORD", PASSWORD=WRONG_PASSWORD)
with step("is refused a choice that was used"):
    session = begin()["Session"]
    tokens_of(respond("SELECT_CHALLENGE", session, ANSWER="PASSWORD", PASSWORD=PASSWORD))
    with refused(
        "NotAuthorizedException", "Invalid session for the user, session can only be used once."
    ):
        respond("SELECT_CHALLENGE", session, ANSWER="PASSWORD", PASSWORD=PASSWORD)
with step("is offered what there is in place of a passkey"):
    expect(begin(PREFERRED_CHALLENGE="WEB_AUTHN")["AvailableChallenges"], FACTORS)
with step("reads the factors of the user"):
    read = client.get_user_auth_factors(AccessToken=tokens["AccessToken"])
    expect(read["Username"], name)
    expect(sorted(read["ConfiguredUserAuthFactors"]), ["EMAIL_OTP", "PASSWORD", "SMS_OTP"])

with step("signs up without a password, and signs in by the Session of the confirmation"):
    guest = new_name()
    guest_email = f"{guest}@example.com"
    signed_up = client.sign_up(
        ClientId=app["ClientId"],
        Username=guest,
        UserAttributes=[{"Name": "email", "Value": guest_email}],
    )
    confirmed = client.confirm_sign_up(
        ClientId=app["ClientId"],
        Username=guest,
        ConfirmationCode=Mailbox(guest_email).code(),
        Session=signed_up["Session"],
    )
    guest_tokens = tokens_of(begin(guest, confirmed["Session"]))
    expect(client.get_user(AccessToken=guest_tokens["AccessToken"])["Username"], guest)

with step("reaches no level that the user has no factors for"):
    with refused("InvalidParameterException"):
        by_password(TARGET_ACR_VALUES=TOTP_LEVEL)
    with refused("InvalidParameterException"):
        by_password(TARGET_ACR_VALUES="urn:example:unknown")
    expect(assurance(tokens), (None, None))
with step("reaches a level from the start"):
    challenge = begin(PREFERRED_CHALLENGE="EMAIL_OTP", TARGET_ACR_VALUES=EMAIL_LEVEL)
    reached = tokens_of(respond("EMAIL_OTP", challenge["Session"], EMAIL_OTP_CODE=mailbox.code()))
    expect(assurance(reached), (EMAIL_LEVEL, ["email_otp"]))
with step("steps up from a password to TOTP, with the access token"):
    authenticator = set_up_totp(tokens["AccessToken"])
    challenge = begin(TARGET_ACR_VALUES=TOTP_LEVEL, ACCESS_TOKEN=tokens["AccessToken"])
    expect(challenge["ChallengeName"], "SOFTWARE_TOKEN_MFA")
    stepped_up = tokens_of(
        respond("SOFTWARE_TOKEN_MFA", challenge["Session"], SOFTWARE_TOKEN_MFA_CODE=authenticator.code())
    )
    expect(assurance(stepped_up), (TOTP_LEVEL, ["pwd", "otp", "mfa"]))
    refreshed = client.get_tokens_from_refresh_token(
        ClientId=app["ClientId"], RefreshToken=stepped_up["RefreshToken"]
    )
    expect(assurance(refreshed["AuthenticationResult"]), (TOTP_LEVEL, ["pwd", "otp", "mfa"]))
with step("is refused a level that is reached, and another user's access token"):
    with refused("InvalidParameterException"):
        begin(TARGET_ACR_VALUES=TOTP_LEVEL, ACCESS_TOKEN=stepped_up["AccessToken"])
    with refused("NotAuthorizedException"):
        begin(TARGET_ACR_VALUES=TOTP_LEVEL, ACCESS_TOKEN=guest_tokens["AccessToken"])

visitor = new_name()


def visit():
    return tokens_of(begin(visitor, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD))


def sessions(tokens):
    return client.list_user_sessions(AccessToken=tokens["AccessToken"])["Sessions"]


with step("lists no sessions before they are tracked"):
    create_user(pool_id, visitor)
    untracked = visit()
    with refused(*UNTRACKED):
        sessions(untracked)
with step("turns on the tracking of sessions"):
    settings = {"UserPoolId": pool_id, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 2}}
    answer = client.set_user_pool_session_configuration(**settings)
    expect({key: answer[key] for key in settings}, settings)
    answer = client.get_user_pool_session_configuration(UserPoolId=pool_id)
    expect({key: answer[key] for key in settings}, settings)
with step("lists the user's own sessions"):
    first, second = visit(), visit()
    listed = sessions(second)
    expect(sorted(entry["IsCurrentSession"] for entry in listed), [False, True])
    for entry in listed:
        expect((entry["SessionType"], entry["ClientId"]), ("TOKEN", app["ClientId"]))
        expect(entry["LastIPAddress"], "127.0.0.1")
with step("revokes another session, and not the current one"):
    (other,) = [entry["SessionId"] for entry in listed if not entry["IsCurrentSession"]]
    (current,) = [entry["SessionId"] for entry in listed if entry["IsCurrentSession"]]
    with refused("InvalidParameterException"):
        client.revoke_user_session(AccessToken=second["AccessToken"], SessionId=current)
    client.revoke_user_session(AccessToken=second["AccessToken"], SessionId=other)
    with refused(*REVOKED):
        client.get_user(AccessToken=first["AccessToken"])
    with refused("ResourceNotFoundException"):
        client.revoke_user_session(AccessToken=second["AccessToken"], SessionId=other)
    expect([entry["SessionId"] for entry in sessions(second)], [current])
with step("ends the least recently used session at the maximum"):
    visit()
    last = visit()
    with refused(*REVOKED):
        client.get_user(AccessToken=second["AccessToken"])
    listed = client.admin_list_user_sessions(UserPoolId=pool_id, Username=visitor)["Sessions"]
    expect(len(listed), 2)
with step("an administrator revokes the sessions"):
    for entry in listed:
        client.admin_revoke_user_session(
            UserPoolId=pool_id, Username=visitor, SessionId=entry["SessionId"]
        )
    with refused(*REVOKED):
        sessions(last)
    client.get_user(AccessToken=untracked["AccessToken"])

guest_token = {"AccessToken": guest_tokens["AccessToken"]}
with step("registers no passkey in a pool that has none"):
    with refused("WebAuthnNotEnabledException"):
        client.start_web_authn_registration(**guest_token)
    with refused("WebAuthnNotEnabledException"):
        client.complete_web_authn_registration(**guest_token, Credential={})
with step("registers no passkey without a relying party"):
    factors["AllowedFirstAuthFactors"].append("WEB_AUTHN")
    client.update_user_pool(
        UserPoolId=pool_id, AutoVerifiedAttributes=["email"], Policies={"SignInPolicy": factors}
    )
    # A server may know the pool as it was for a second.
    time.sleep(1)
    with refused("WebAuthnConfigurationMissingException"):
        client.start_web_authn_registration(**guest_token)
with step("is given the options of a passkey, and refused what answers them not"):
    client.set_user_pool_mfa_config(UserPoolId=pool_id, WebAuthnConfiguration={"RelyingPartyId": "localhost"})
    time.sleep(1)
    options = client.start_web_authn_registration(**guest_token)["CredentialCreationOptions"]
    expect(options["rp"]["id"], "localhost")
    with refused("InvalidParameterException"):
        client.complete_web_authn_registration(**guest_token, Credential={"type": "public-key"})
with step("lists no passkey, and deletes none that is unknown"):
    expect(client.list_web_authn_credentials(**guest_token)["Credentials"], [])
    with refused("ResourceNotFoundException"):
        client.delete_web_authn_credential(**guest_token, CredentialId="AAAAAAAAAAAAAAAAAAAAAA")
step.finish()
