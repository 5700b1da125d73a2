"""boto3: the flows that run functions, whose files of clients/handlers are run by each way that the server knows."""

import base64

from functions import *

step = Steps()
client = idp()
invoke_api = InvokeApi(int(os.environ["COGNATE_TEST_INVOKE_PORT"]))
webhook = Webhook(WEBHOOK_PORT)


def failed(trigger, message):
    """What is told of a function that refused."""
    return "UserLambdaValidationException", f"{trigger} failed with error {message}."


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def mails(address):
    """The messages to an address, the newest first."""
    return requests.get(f"{ENDPOINT}/_cognate/outbox", params={"to": address}, timeout=5).json()


class Shop:
    """A pool all of whose functions are run in one way, and a user of it."""

    def __init__(self, way):
        self.way = way
        self.pool = client.create_user_pool(
            PoolName=f"triggers-{way}",
            AutoVerifiedAttributes=["email"],
            Schema=[
                {"Name": name, "AttributeDataType": "String", "Mutable": True} for name in ["sign_ins", "city"]
            ],
            LambdaConfig=lambda_config(way),
        )["UserPool"]["Id"]
        client.create_group(UserPoolId=self.pool, GroupName="members")
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"]
        self.app = create_client(self.pool, *flows)["ClientId"]
        self.name = new_name()
        self.mailbox = Mailbox(f"{self.name}@example.com")

    def sign_up(self, name, email, **metadata):
        return client.sign_up(
            ClientId=self.app,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": email}],
            ClientMetadata=metadata,
        )

    def confirm(self):
        code = self.mailbox.code()
        client.confirm_sign_up(ClientId=self.app, Username=self.name, ConfirmationCode=code)

    def sign_in(self, name=None, password=PASSWORD, **metadata):
        return client.initiate_auth(
            ClientId=self.app,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name or self.name, "PASSWORD": password},
            ClientMetadata=metadata,
        )["AuthenticationResult"]

    def begin(self):
        return client.initiate_auth(
            ClientId=self.app, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": self.name}
        )

    def answer(self, asked, text):
        return client.respond_to_auth_challenge(
            ClientId=self.app,
            ChallengeName=asked["ChallengeName"],
            Session=asked["Session"],
            ChallengeResponses={"USERNAME": self.name, "ANSWER": text},
        )

    def answer_sum(self, asked):
        one, other = asked["ChallengeParameters"]["question"].split(" + ")
        return self.answer(asked, str(int(one) + int(other)))

    def attributes(self, name=None):
        user = client.admin_get_user(UserPoolId=self.pool, Username=name or self.name)
        return {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]}

    def groups(self, name):
        groups = client.admin_list_groups_for_user(UserPoolId=self.pool, Username=name)["Groups"]
        return [group["GroupName"] for group in groups]


def registration(shop):
    way, name = shop.way, shop.name
    with step(f"{way}: PreSignUp refuses a stranger"):
        with refused(*failed("PreSignUp", "Only people of example.com may register")):
            shop.sign_up(name, f"{name}@example.org")
        with refused("UserNotFoundException"):
            shop.attributes()
    with step(f"{way}: PreSignUp confirms who brings an invitation, and PostConfirmation makes a member"):
        guest = new_name()
        assert shop.sign_up(guest, f"{guest}@example.com", invitation="golden")["UserConfirmed"]
        expect(shop.attributes(guest)["email_verified"], "true")
        expect(shop.groups(guest), ["members"])
    with step(f"{way}: CustomMessage writes the message of a sign-up"):
        assert not shop.sign_up(name, f"{name}@example.com", language="de")["UserConfirmed"]
        mail = mails(shop.mailbox.address)[0]
        code = shop.mailbox.code()
        shop.mailbox.last_code = None
        expect((mail["subject"], mail["body"]), ("Ihr Code", f"Ihr Code lautet <b>{code}</b>."))
    with step(f"{way}: PostConfirmation makes a member of who confirms"):
        expect(shop.groups(name), [])
        shop.confirm()
        expect(shop.groups(name), ["members"])


def sign_in(shop):
    way = shop.way
    with step(f"{way}: PreAuthentication refuses, right password or not"):
        for password in [PASSWORD, WRONG_PASSWORD]:
            with refused(*failed("PreAuthentication", "Nobody signs in from Atlantis")):
                shop.sign_in(password=password, country="atlantis")
        assert "custom:sign_ins" not in shop.attributes()
    with step(f"{way}: PostAuthentication counts, and PreTokenGeneration changes the ID token"):
        tokens = shop.sign_in(country="austria")
        expect(shop.attributes()["custom:sign_ins"], "1")
        token = claims(tokens["IdToken"])
        expect((token["tier"], token["cognito:groups"]), ("gold", ["members"]))
        assert "email" not in token and "tier" not in claims(tokens["AccessToken"])
    with step(f"{way}: a wrong password runs nothing after it"):
        with refused(*INCORRECT):
            shop.sign_in(password=WRONG_PASSWORD)
        expect(shop.attributes()["custom:sign_ins"], "1")
    with step(f"{way}: PreTokenGeneration changes refreshed tokens"):
        refreshed = client.initiate_auth(
            ClientId=shop.app,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )["AuthenticationResult"]
        expect(claims(refreshed["IdToken"])["tier"], "gold")
    with step(f"{way}: CustomMessage writes the message of a reset"):
        client.forgot_password(ClientId=shop.app, Username=shop.name)
        mail = mails(shop.mailbox.address)[0]
        expect((mail["subject"], mail["body"]), ("Your code", f"Your code is <b>{shop.mailbox.code()}</b>."))


def challenges(shop):
    way = shop.way
    with step(f"{way}: signs in by a sum and a city"):
        # An attribute that the user's own client can neither read nor write.
        client.admin_update_user_attributes(
            UserPoolId=shop.pool,
            Username=shop.name,
            UserAttributes=[{"Name": "custom:city", "Value": "Wien"}],
        )
        asked = shop.begin()
        expect(asked["ChallengeName"], "CUSTOM_CHALLENGE")
        asked = shop.answer_sum(asked)
        expect(asked["ChallengeParameters"]["question"], "In which city were you born?")
        again = shop.answer(asked, "Graz")
        expect(again["ChallengeParameters"]["question"], "In which city were you born?")
        tokens = shop.answer(again, "Wien")["AuthenticationResult"]
        expect(claims(tokens["IdToken"])["tier"], "gold")
        expect(client.get_user(AccessToken=tokens["AccessToken"])["Username"], shop.name)
    with step(f"{way}: is refused with the Session of an answered question"):
        text = "Invalid session for the user, session can only be used once."
        with refused("NotAuthorizedException", text):
            shop.answer(again, "Wien")
    with step(f"{way}: is refused after three wrong answers"):
        asked = shop.answer(shop.answer(shop.begin(), "none"), "none")
        with refused(*INCORRECT):
            shop.answer(asked, "none")


def migration(shop):
    way, legacy = shop.way, "Legacy-password-7"
    with step(f"{way}: UserMigration does not know everybody"):
        text = f"Exception migrating user in app client {shop.app}"
        for name, password in [("grace", WRONG_PASSWORD), ("nobody", legacy)]:
            with refused("UserNotFoundException", text):
                shop.sign_in(name, password)
        with refused("UserNotFoundException"):
            shop.attributes("grace")
    with step(f"{way}: UserMigration lets a user of another system in, once"):
        shop.sign_in("grace", legacy)
        found = shop.attributes("grace")
        expect((found["email"], found["email_verified"]), ("grace@example.com", "true"))
        client.admin_set_user_password(
            UserPoolId=shop.pool, Username="grace", Password=CHANGED_PASSWORD, Permanent=True
        )
        with refused(*INCORRECT):
            shop.sign_in("grace", legacy)
        shop.sign_in("grace", CHANGED_PASSWORD)
    with step(f"{way}: UserMigration lets a user of another system choose another password"):
        client.admin_delete_user(UserPoolId=shop.pool, Username="grace")
        client.forgot_password(ClientId=shop.app, Username="grace")
        code = mails("grace@example.com")[0]["code"]
        client.confirm_forgot_password(
            ClientId=shop.app, Username="grace", ConfirmationCode=code, Password=RESET_PASSWORD
        )
        shop.sign_in("grace", RESET_PASSWORD)


def second_tokens(shop):
    way = shop.way
    with step(f"{way}: the second version of PreTokenGeneration changes both tokens"):
        client.update_user_pool(
            UserPoolId=shop.pool, AutoVerifiedAttributes=["email"], LambdaConfig=second_version(way)
        )
        tokens = shop.sign_in()
        token, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
        expect((token["tier"], access["stores"]), ("gold", [7, 12]))
        expect(access["scope"], "aws.cognito.signin.user.admin shop/read")
        assert "email" not in token and "stores" not in token


def sender(shop):
    way = shop.way
    with step(f"{way}: CustomEmailSender opens the code, and sends it"):
        client.update_user_pool(
            UserPoolId=shop.pool, AutoVerifiedAttributes=["email"], LambdaConfig=with_sender(way)
        )
        guest = new_name()
        assert not shop.sign_up(guest, f"{guest}@example.com")["UserConfirmed"]
        mail = webhook.mail(f"{guest}@example.com")
        expect(mail["why"], "CustomEmailSender_SignUp")
        client.confirm_sign_up(ClientId=shop.app, Username=guest, ConfirmationCode=mail["code"])
        shop.sign_in(guest)


for way in ["node", "python", "invoke", "webhook"]:
    shop = None
    with step(f"{way}: creates a pool whose functions are run so"):
        shop = Shop(way)
    if shop:
        for walk in [registration, sign_in, challenges, migration, second_tokens, sender]:
            walk(shop)
with step("every call of the Invoke API was signed, and every event of the webhook"):
    invoke_api.check()
    webhook.check()
    expect(set(invoke_api.ran), set(invoke_api.handlers))
    expect(set(webhook.ran), set(webhook.handlers))

with step("rust: PreTokenGeneration changes the access token and keeps the groups"):
    rust = {"LambdaVersion": "V2_0", "LambdaArn": arn("rust-pre-token-generation")}
    client.update_user_pool(
        UserPoolId=shop.pool, AutoVerifiedAttributes=["email"], LambdaConfig={"PreTokenGenerationConfig": rust}
    )
    access = claims(shop.sign_in()["AccessToken"])
    expect((access["tenant"], access["cognito:groups"]), ("acme", ["members"]))
    expect(access["scope"], "aws.cognito.signin.user.admin shop/read")
step.finish()
