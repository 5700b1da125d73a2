"""Whether a request to a webhook comes from Cognate: Standard Webhooks' signature, by one of the secrets, at most five
minutes old. `headers` has names in lower case, and `body` is the bytes as they came."""

import base64
import hashlib
import hmac
import time


def verify(headers, body, secret, now=None):
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    now = time.time() if now is None else now
    if not id or not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > 300:
        return False
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    found = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(signature, expected) for signature in found)
