"""boto3: registration and sign-in with USER_PASSWORD_AUTH, then what an administrator does."""

from lab import *

step = Steps()
client = idp()
name = new_name()
email = f"{name}@example.com"
mailbox = Mailbox(email)


def sign_in(password, username=name):
    return client.initiate_auth(
        ClientId=app["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )


def answer_totp(challenge, code):
    return client.respond_to_auth_challenge(
        ClientId=app["ClientId"],
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": code},
    )


def prefer_totp(enabled):
    client.set_user_mfa_preference(
        AccessToken=tokens["AccessToken"],
        SoftwareTokenMfaSettings={"Enabled": enabled, "PreferredMfa": enabled},
    )


def admin_sign_in(username, password):
    return client.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=app["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )


with step("creates a pool and a client"):
    pool_id = create_pool("boto3")
    app = create_client(pool_id, "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH")
with step("describes the pool"):
    pool = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    expect(pool["Name"], "boto3")
    expect(pool["MfaConfiguration"], "OPTIONAL")
    expect(pool["AutoVerifiedAttributes"], ["email"])
    expect(pool["Arn"].rsplit("/", 1)[1], pool_id)
with step("describes the client"):
    described = client.describe_user_pool_client(UserPoolId=pool_id, ClientId=app["ClientId"])["UserPoolClient"]
    expect(described, app)
    assert "ClientSecret" not in described

with step("signs up"):
    signed_up = client.sign_up(
        ClientId=app["ClientId"],
        Username=name,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": email}],
    )
    expect(signed_up["UserConfirmed"], False)
    expect(
        signed_up["CodeDeliveryDetails"],
        {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"},
    )
with step("is refused before the confirmation"):
    with refused("UserNotConfirmedException", "User is not confirmed."):
        sign_in(PASSWORD)
with step("is refused a wrong confirmation code"):
    confirmation = mailbox.code()
    with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
        client.confirm_sign_up(
            ClientId=app["ClientId"], Username=name, ConfirmationCode=wrong_code(confirmation)
        )
with step("confirms by the code from the outbox"):
    client.confirm_sign_up(ClientId=app["ClientId"], Username=name, ConfirmationCode=confirmation)

with step("is refused with a wrong password"):
    with refused(*INCORRECT):
        sign_in(WRONG_PASSWORD)
with step("signs in"):
    tokens = sign_in(PASSWORD)["AuthenticationResult"]
    expect(tokens["TokenType"], "Bearer")
    expect(tokens["ExpiresIn"], 3600)
with step("reads its own attributes"):
    user = client.get_user(AccessToken=tokens["AccessToken"])
    expect(user["Username"], name)
    attributes = {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]}
    expect(attributes, {"sub": signed_up["UserSub"], "email": email, "email_verified": "true"})
with step("is refused with an ID token in place of the access token"):
    with refused("NotAuthorizedException"):
        client.get_user(AccessToken=tokens["IdToken"])

with step("is refused a wrong code while setting up TOTP"):
    secret_code = client.associate_software_token(AccessToken=tokens["AccessToken"])["SecretCode"]
    authenticator = Authenticator(secret_code)
    first_code = authenticator.code()
    with refused("EnableSoftwareTokenMFAException"):
        client.verify_software_token(AccessToken=tokens["AccessToken"], UserCode=wrong_code(first_code))
with step("sets up TOTP"):
    verified = client.verify_software_token(AccessToken=tokens["AccessToken"], UserCode=first_code)
    expect(verified["Status"], "SUCCESS")
    prefer_totp(True)
    expect(client.get_user(AccessToken=tokens["AccessToken"])["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA")
with step("is asked for a TOTP code, and refused a wrong one and a used one"):
    challenge = sign_in(PASSWORD)
    expect(challenge["ChallengeName"], "SOFTWARE_TOKEN_MFA")
    assert "AuthenticationResult" not in challenge
    second_code = authenticator.code()
    with refused("CodeMismatchException"):
        answer_totp(challenge, wrong_code(second_code))
    with refused("ExpiredCodeException", "Your software token has already been used once."):
        answer_totp(challenge, first_code)
with step("signs in with a TOTP code"):
    tokens = answer_totp(challenge, second_code)["AuthenticationResult"]
with step("is refused when the challenge is answered twice"):
    with refused(
        "NotAuthorizedException", "Invalid session for the user, session can only be used once."
    ):
        answer_totp(challenge, second_code)
with step("turns TOTP off"):
    prefer_totp(False)
    tokens = sign_in(PASSWORD)["AuthenticationResult"]

with step("refreshes the tokens"):
    refreshed = client.initiate_auth(
        ClientId=app["ClientId"],
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )["AuthenticationResult"]
    assert "RefreshToken" not in refreshed
    client.get_user(AccessToken=refreshed["AccessToken"])
with step("is refused another client's refresh token"):
    other = create_client(pool_id, "ALLOW_USER_PASSWORD_AUTH")
    with refused("NotAuthorizedException", "Invalid Refresh Token"):
        client.initiate_auth(
            ClientId=other["ClientId"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )

with step("changes the password"):
    with refused(*INCORRECT):
        client.change_password(
            AccessToken=tokens["AccessToken"],
            PreviousPassword=WRONG_PASSWORD,
            ProposedPassword=CHANGED_PASSWORD,
        )
    client.change_password(
        AccessToken=tokens["AccessToken"], PreviousPassword=PASSWORD, ProposedPassword=CHANGED_PASSWORD
    )
    with refused(*INCORRECT):
        sign_in(PASSWORD)
    sign_in(CHANGED_PASSWORD)
with step("resets the forgotten password by the code from the outbox"):
    delivery = client.forgot_password(ClientId=app["ClientId"], Username=name)["CodeDeliveryDetails"]
    expect(delivery["Destination"], "a***@e***")
    client.confirm_forgot_password(
        ClientId=app["ClientId"], Username=name, ConfirmationCode=mailbox.code(), Password=RESET_PASSWORD
    )
    with refused(*INCORRECT):
        sign_in(CHANGED_PASSWORD)
    tokens = sign_in(RESET_PASSWORD)["AuthenticationResult"]

with step("revokes a refresh token and the access tokens made from it"):
    revoked = sign_in(RESET_PASSWORD)["AuthenticationResult"]
    client.revoke_token(ClientId=app["ClientId"], Token=revoked["RefreshToken"])
    with refused(*REVOKED):
        client.get_user(AccessToken=revoked["AccessToken"])
    client.get_user(AccessToken=tokens["AccessToken"])
with step("signs out everywhere"):
    client.global_sign_out(AccessToken=tokens["AccessToken"])
with step("is refused with the access token of before the sign-out"):
    with refused(*REVOKED):
        client.get_user(AccessToken=tokens["AccessToken"])
with step("is refused with the refresh token of before the sign-out"):
    with refused("NotAuthorizedException"):
        client.initiate_auth(
            ClientId=app["ClientId"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )

guest = new_name()
guest_email = f"{guest}@example.com"
with step("an administrator creates a user"):
    created = client.admin_create_user(
        UserPoolId=pool_id,
        Username=guest,
        TemporaryPassword=PASSWORD,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": guest_email}, {"Name": "email_verified", "Value": "true"}],
    )["User"]
    expect(created["UserStatus"], "FORCE_CHANGE_PASSWORD")
    expect(created["Enabled"], True)
with step("the user answers NEW_PASSWORD_REQUIRED"):
    challenge = admin_sign_in(guest, PASSWORD)
    expect(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED")
    client.admin_respond_to_auth_challenge(
        UserPoolId=pool_id,
        ClientId=app["ClientId"],
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": guest, "NEW_PASSWORD": CHANGED_PASSWORD},
    )["AuthenticationResult"]
    status = client.admin_get_user(UserPoolId=pool_id, Username=guest)["UserStatus"]
    expect(status, "CONFIRMED")
with step("an administrator puts the user into a group"):
    client.create_group(UserPoolId=pool_id, GroupName="editors", Description="May edit", Precedence=5)
    client.admin_add_user_to_group(UserPoolId=pool_id, Username=guest, GroupName="editors")
    groups = client.admin_list_groups_for_user(UserPoolId=pool_id, Username=guest)["Groups"]
    expect([(group["GroupName"], group["Precedence"]) for group in groups], [("editors", 5)])
    members = client.list_users_in_group(UserPoolId=pool_id, GroupName="editors")["Users"]
    expect([member["Username"] for member in members], [guest])
with step("an administrator finds users by filters"):
    for users_filter, expected in [
        (f'email = "{guest_email}"', [guest]),
        (f'username = "{name}"', [name]),
        ('email ^= "nobody"', []),
        ('cognito:user_status = "CONFIRMED"', sorted([name, guest])),
    ]:
        users = client.list_users(UserPoolId=pool_id, Filter=users_filter)["Users"]
        expect(sorted(user["Username"] for user in users), expected)
with step("an administrator pages through the users"):
    pages = client.get_paginator("list_users").paginate(UserPoolId=pool_id, PaginationConfig={"PageSize": 1})
    found = [user["Username"] for page in pages for user in page["Users"]]
    expect(sorted(found), sorted([name, guest]))
with step("an administrator disables the user"):
    client.admin_disable_user(UserPoolId=pool_id, Username=guest)
    with refused("NotAuthorizedException", "User is disabled."):
        sign_in(CHANGED_PASSWORD, guest)
with step("an administrator enables the user and sets another password"):
    client.admin_enable_user(UserPoolId=pool_id, Username=guest)
    client.admin_set_user_password(
        UserPoolId=pool_id, Username=guest, Password=RESET_PASSWORD, Permanent=True
    )
    sign_in(RESET_PASSWORD, guest)
with step("an administrator deletes the user"):
    client.admin_delete_user(UserPoolId=pool_id, Username=guest)
    with refused("UserNotFoundException", "User does not exist."):
        client.admin_get_user(UserPoolId=pool_id, Username=guest)
with step("an administrator deletes the client and the pool"):
    client.delete_user_pool_client(UserPoolId=pool_id, ClientId=app["ClientId"])
    client.delete_user_pool(UserPoolId=pool_id)
    with refused("ResourceNotFoundException", f"User pool {pool_id} does not exist."):
        client.describe_user_pool(UserPoolId=pool_id)
step.finish()
