"""docs/triggers/verify.py: the check of a webhook's signature, as its receivers copy it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs/triggers"))

from lab import *
from verify import verify

step = Steps()
SIGNED_AT = 1614265330
BODY = b'{"test": 2432232314}'
ENCODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAIN = "a secret of twenty-four-x"
SIGNATURES = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,MZiaFnvguXKb1b6phh2nGeShMRHR+JTvIA05z4rFbhc="
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SIGNED_AT),
    "webhook-signature": SIGNATURES,
}


def verified(secret=PLAIN, body=BODY, now=SIGNED_AT, **changes):
    headers = HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}
    return verify({name: value for name, value in headers.items() if value is not None}, body, secret, now)


with step("Either of two secrets verifies"):
    assert verified() and verified(ENCODED) and verified(now=SIGNED_AT + 299)

with step("What was changed, is old or was signed by others does not"):
    assert not verified("another secret of 24 characters")
    assert not verified(body=b"{}")
    assert not verified(now=SIGNED_AT + 301) and not verified(now=SIGNED_AT - 301)
    for name, value in [
        ("webhook_id", "other"),
        ("webhook_id", None),
        ("webhook_timestamp", "1614265331"),
        ("webhook_timestamp", "soon"),
        ("webhook_timestamp", None),
        ("webhook_signature", ""),
        ("webhook_signature", None),
        ("webhook_signature", SIGNATURES.replace("v1,", "v2,")),
        ("webhook_signature", "é" * 47),
    ]:
        assert not verified(**{name: value}), (name, value)

step.finish()
