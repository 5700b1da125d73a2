"""pycognito: functions beside its registration and its sign-in by SRP, whose tokens it verifies."""

from pycognito import Cognito

from functions import *

step = Steps()
client = idp()
name = new_name()
email = f"{name}@example.com"


def person():
    return Cognito(
        pool_id,
        app["ClientId"],
        user_pool_region=REGION,
        username=name,
        boto3_client_kwargs={"endpoint_url": ENDPOINT},
    )


with step("creates a pool that names functions"):
    schema = [{"Name": "sign_ins", "AttributeDataType": "String", "Mutable": True}]
    pool_id = create_pool("pycognito-triggers", Schema=schema, LambdaConfig=second_version("python"))
    client.create_group(UserPoolId=pool_id, GroupName="members")
    app = create_client(pool_id, "ALLOW_USER_SRP_AUTH")
with step("is refused by PreSignUp"):
    ada = person()
    ada.set_base_attributes(email=f"{name}@example.org")
    text = "PreSignUp failed with error Only people of example.com may register."
    with refused("UserLambdaValidationException", text):
        ada.register(name, PASSWORD)
with step("brings an invitation to PreSignUp"):
    ada = person()
    ada.set_base_attributes(email=email)
    assert ada.register(name, PASSWORD, client_metadata={"invitation": "golden"})["UserConfirmed"]
with step("signs in over SRP, and verifies tokens that a function changed"):
    ada.authenticate(PASSWORD)
    expect((ada.id_claims["tier"], ada.access_claims["stores"]), ("gold", [7, 12]))
    expect(ada.access_claims["cognito:groups"], ["members"])
    attributes = client.admin_get_user(UserPoolId=pool_id, Username=name)["UserAttributes"]
    assert {"Name": "custom:sign_ins", "Value": "1"} in attributes
with step("signs in with a user of another system"):
    # By SRP a password stays with its client, so that a function could not compare it.
    stranger = person()
    stranger.username = "grace"
    with refused("UserNotFoundException"):
        stranger.authenticate("Legacy-password-7")
with step("refreshes tokens that a function changes"):
    ada.renew_access_token()
    expect(ada.access_claims["stores"], [7, 12])
step.finish()
