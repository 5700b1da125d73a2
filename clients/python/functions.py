"""The functions that pools name, and two servers that run those of clients/handlers: one that speaks the Lambda Invoke
API, and a receiver of webhooks. Each looks at who calls before it runs anything."""

import hashlib
import hmac
import importlib.util
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from lab import *

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs/triggers"))
from verify import verify

WEBHOOK_PORT = int(os.environ["COGNATE_TEST_WEBHOOK_PORT"])

# As clients/handlers/functions.toml has them.
KEY = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"
INVOKE_REGION = "eu-west-1"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

# What a handler's environment says on Lambda, and in a program that the server starts.
os.environ |= {"AWS_ENDPOINT_URL": ENDPOINT, "AWS_REGION": REGION}
os.environ |= {"KEY_ARN": KEY, "MAIL_API": f"http://127.0.0.1:{WEBHOOK_PORT}/mails"}

# Triggers, and the names of their functions after the way in which they are run.
NAMES = {
    "PreSignUp": "pre-sign-up",
    "PostConfirmation": "post-confirmation",
    "PreAuthentication": "pre-authentication",
    "PostAuthentication": "post-authentication",
    "DefineAuthChallenge": "define-auth-challenge",
    "CreateAuthChallenge": "create-auth-challenge",
    "VerifyAuthChallengeResponse": "verify-auth-challenge",
    "PreTokenGeneration": "pre-token-generation-v1",
    "UserMigration": "user-migration",
    "CustomMessage": "custom-message",
}


def arn(name):
    return f"arn:aws:lambda:{REGION}:123456789012:function:{name}"


def lambda_config(way):
    """The LambdaConfig of a pool all of whose functions are run in this way."""
    return {trigger: arn(f"{way}-{name}") for trigger, name in NAMES.items()}


def second_version(way):
    """The same with the second version of PreTokenGeneration."""
    config = lambda_config(way)
    del config["PreTokenGeneration"]
    function = arn(f"{way}-pre-token-generation-v2")
    return config | {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": function}}


def with_sender(way):
    """The same with a function that sends the e-mails."""
    sender = {"LambdaVersion": "V1_0", "LambdaArn": arn(f"{way}-custom-email-sender")}
    return lambda_config(way) | {"CustomEmailSender": sender, "KMSKeyID": KEY}


def load(stem):
    spec = importlib.util.spec_from_file_location(f"handlers_{stem}", ROOT / "clients/handlers" / f"{stem}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def handlers():
    """The functions of clients/handlers by their names."""
    challenges, tokens = load("challenges"), load("pre_token_generation")
    plain = ["pre-sign-up", "post-confirmation", "pre-authentication", "post-authentication", "user-migration"]
    plain += ["custom-message", "custom-email-sender"]
    return {name: load(name.replace("-", "_")).lambda_handler for name in plain} | {
        "define-auth-challenge": challenges.define,
        "create-auth-challenge": challenges.create,
        "verify-auth-challenge": challenges.verify,
        "pre-token-generation-v1": tokens.v1,
        "pre-token-generation-v2": tokens.v2,
    }


class Server:
    """A server on this machine, from now on. What went wrong with calls is kept: a handler's own errors are none."""

    def __init__(self, port):
        self.handlers = handlers()
        self.wrong = []
        self.ran = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = outer.answer(self.path, self.headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, name, event):
        """The event that the function answers, and no error; or an error."""
        self.ran.append(name)
        try:
            return self.handlers[name](event, None), None
        except Exception as error:
            return None, {"errorMessage": str(error), "errorType": type(error).__name__}

    def refuse(self, why):
        self.wrong.append(why)
        return 403, {}, json.dumps({"message": why}).encode()

    def check(self):
        """Fails if anything but well-formed and signed calls came, or none at all."""
        assert self.ran and not self.wrong, self.wrong or "nothing was run"


class InvokeApi(Server):
    """The Lambda Invoke API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

    def answer(self, path, headers, body):
        if not is_signed(path, headers, body):
            return self.refuse(f"{path}: {dict(headers)}")
        prefix, suffix = "/2015-03-31/functions/", "/invocations"
        function = unquote(path.removeprefix(prefix).removesuffix(suffix))
        if path != f"{prefix}{quote(function, safe='')}{suffix}" or not function.startswith(arn("invoke-")):
            return self.refuse(path)
        expect(headers["x-amz-invocation-type"], "RequestResponse")
        event, error = self.run(function.removeprefix(arn("invoke-")), json.loads(body))
        # An error of the function is no error of the API.
        failed = {"x-amz-function-error": "Unhandled"} if error else {}
        return 200, {"x-amz-executed-version": "$LATEST", **failed}, json.dumps(error or event).encode()


def is_signed(path, headers, body):
    """Whether Signature Version 4 is right, made anew from the request as it came."""
    algorithm, _, fields = headers.get("authorization", "").partition(" ")
    fields = dict(field.strip().split("=", 1) for field in fields.split(",") if "=" in field)
    moment = headers.get("x-amz-date", "")
    scope = [moment[:8], INVOKE_REGION, "lambda", "aws4_request"]
    if algorithm != "AWS4-HMAC-SHA256" or fields.get("Credential") != "/".join(
        [os.environ["AWS_ACCESS_KEY_ID"], *scope]
    ):
        return False
    names = fields["SignedHeaders"].split(";")
    if not {"host", "x-amz-date"} <= set(names):
        return False
    canonical = [
        "POST",
        # What the path has escaped is escaped once more.
        quote(path, safe="/-_.~"),
        "",
        *(f"{name}:{' '.join(headers[name].split())}" for name in names),
        "",
        ";".join(names),
        hashlib.sha256(body).hexdigest(),
    ]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    signed = "\n".join([algorithm, moment, "/".join(scope), digest]).encode()
    return hmac.compare_digest(hmac.digest(key, signed, "sha256").hex(), fields["Signature"])


class Webhook(Server):
    """A web application that answers for all functions of a pool, by what each event says of itself; and the mail
    service of those that send e-mails."""

    def __init__(self, port):
        self.mails = []
        super().__init__(port)

    def answer(self, path, headers, body):
        if path == "/mails":
            self.mails.append(json.loads(body))
            return 200, {}, b""
        lower = {name.lower(): value for name, value in headers.items()}
        if path != "/cognito" or not verify(lower, body, WEBHOOK_SECRET):
            return self.refuse(f"{path}: {lower}")
        event = json.loads(body)
        event, error = self.run(self.name(event), event)
        return (400 if error else 200), {"content-type": "application/json"}, json.dumps(error or event).encode()

    def name(self, event):
        trigger = event["triggerSource"].split("_")[0]
        if trigger == "TokenGeneration":
            return f"pre-token-generation-v{event['version']}"
        return NAMES.get(trigger, "custom-email-sender")

    def mail(self, address):
        """The first mail to an address, waiting for it."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for mail in list(self.mails):
                if mail["to"] == address:
                    return mail
            time.sleep(0.05)
        raise AssertionError(f"no mail to {address} among {len(self.mails)}")
