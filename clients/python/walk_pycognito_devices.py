"""pycognito: devices in place of a second factor, where they are remembered at once and where the user says so.

pycognito proves a device without a Session, and sends what confirms, changes and forgets one to AWS, whatever the
endpoint is. `sent_here` lets the library `requests` send that to the server under test, otherwise as it is.
"""

from unittest.mock import patch

from pycognito import Cognito
from pycognito.aws_srp import AWSSRP
from pycognito.exceptions import SoftwareTokenMFAChallengeException

from lab import *

AWS = f"https://cognito-idp.{REGION}.amazonaws.com/"

step = Steps()
client = idp()


@contextmanager
def sent_here():
    send = requests.Session.send

    def send_here(session, request, **settings):
        expect(request.url, AWS)
        request.url = f"{ENDPOINT}/"
        return send(session, request, **settings)

    with patch.object(requests.Session, "send", send_here):
        yield


def walk(kind, is_prompted):
    """A device from its first sign-in until it is forgotten; the step names begin with the kind of pool."""
    name = new_name()
    app, device = {}, {}

    def srp(**device):
        return AWSSRP(
            username=name,
            password=PASSWORD,
            pool_id=pool_id,
            client_id=app["ClientId"],
            client=client,
            **device,
        )

    def is_asked_for_a_code(**device):
        try:
            srp(**device).authenticate_user()
        except SoftwareTokenMFAChallengeException as challenge:
            return challenge.get_tokens()
        raise AssertionError("no code was asked for")

    def listed():
        devices = client.list_devices(AccessToken=tokens["AccessToken"])["Devices"]
        return [entry["DeviceKey"] for entry in devices]

    with step(f"{kind}: creates a pool that demands a second factor, and a user who has one"):
        pool_id = create_pool(
            f"pycognito-devices-{kind}",
            DeviceConfiguration={
                "ChallengeRequiredOnNewDevice": True,
                "DeviceOnlyRememberedOnUserPrompt": is_prompted,
            },
        )
        app = create_client(pool_id, "ALLOW_USER_SRP_AUTH")
        create_user(pool_id, name)
        authenticator = set_up_totp(srp().authenticate_user()["AuthenticationResult"]["AccessToken"])
        require_mfa(pool_id)
    with step(f"{kind}: signs in with a TOTP code and is given a device key"):
        challenge = is_asked_for_a_code()
        answer = client.respond_to_auth_challenge(
            ClientId=app["ClientId"],
            ChallengeName="SOFTWARE_TOKEN_MFA",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": authenticator.code()},
        )
        tokens = answer["AuthenticationResult"]
        metadata = tokens["NewDeviceMetadata"]
        assert metadata["DeviceKey"].startswith(f"{REGION}_")
    with step(f"{kind}: confirms the device"):
        with sent_here():
            response, device_password = srp().confirm_device(answer, "Ada's laptop")
        expect(response.status_code, 200)
        expect(response.json()["UserConfirmationNecessary"], is_prompted)
        device = {
            "device_key": metadata["DeviceKey"],
            "device_group_key": metadata["DeviceGroupKey"],
            "device_password": device_password,
        }
        expect(listed(), [] if is_prompted else [device["device_key"]])
    if is_prompted:
        with step(f"{kind}: is asked for a code until the device is remembered"):
            is_asked_for_a_code(**device)
            with sent_here():
                said = srp().update_device_status(True, tokens["AccessToken"], device["device_key"])
            assert said.startswith("<Response [200]>"), said
            expect(listed(), [device["device_key"]])
    with step(f"{kind}: signs in with the device in place of a code"):
        answer = srp(**device).authenticate_user()
        tokens = answer["AuthenticationResult"]
        assert "NewDeviceMetadata" not in tokens
        expect(claims(tokens["AccessToken"])["device_key"], device["device_key"])
    with step(f"{kind}: is refused with a wrong device password"):
        with refused(*INCORRECT):
            srp(**device | {"device_password": WRONG_PASSWORD}).authenticate_user()
    with step(f"{kind}: refreshes the tokens with the device alone"):
        # pycognito's own refresh names no device.
        person = Cognito(
            pool_id,
            app["ClientId"],
            username=name,
            refresh_token=tokens["RefreshToken"],
            access_token=tokens["AccessToken"],
            boto3_client_kwargs={"endpoint_url": ENDPOINT},
        )
        with refused("NotAuthorizedException", "Invalid Refresh Token"):
            person.renew_access_token()
        client.get_tokens_from_refresh_token(
            ClientId=app["ClientId"], RefreshToken=tokens["RefreshToken"], DeviceKey=device["device_key"]
        )
    with step(f"{kind}: is asked for a code when the device is not to be remembered"):
        with sent_here():
            said = srp().update_device_status(False, tokens["AccessToken"], device["device_key"])
        assert said.startswith("<Response [200]>"), said
        is_asked_for_a_code(**device)
    with step(f"{kind}: forgets the device"):
        with sent_here():
            said = srp().forget_device(tokens["AccessToken"], device["device_key"])
        assert said.startswith("<Response [200]>"), said
        with refused("ResourceNotFoundException", "Device does not exist."):
            srp(**device).authenticate_user()
        is_asked_for_a_code()


walk("always", False)
walk("prompted", True)
step.finish()
