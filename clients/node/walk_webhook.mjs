// docs/triggers/verify.mjs: the check of a webhook's signature, as its receivers copy it.

import assert from "node:assert/strict";
import { verify } from "../../docs/triggers/verify.mjs";
import { finish, step } from "./lab.mjs";

const SIGNED_AT = 1614265330;
const BODY = Buffer.from('{"test": 2432232314}');
const ENCODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PLAIN = "a secret of twenty-four-x";
const SIGNATURES = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,MZiaFnvguXKb1b6phh2nGeShMRHR+JTvIA05z4rFbhc=";
const HEADERS = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": String(SIGNED_AT),
  "webhook-signature": SIGNATURES,
};

const verified = (changes = {}, secret = PLAIN, body = BODY, now = SIGNED_AT) =>
  verify({ ...HEADERS, ...changes }, body, secret, now);

await step("Either of two secrets verifies", () => {
  assert.ok(verified() && verified({}, ENCODED));
  assert.ok(verified({}, PLAIN, BODY, SIGNED_AT + 299));
});

await step("What was changed, is old or was signed by others does not", () => {
  assert.ok(!verified({}, "another secret of 24 characters"));
  assert.ok(!verified({}, PLAIN, Buffer.from("{}")));
  assert.ok(!verified({}, PLAIN, BODY, SIGNED_AT + 301) && !verified({}, PLAIN, BODY, SIGNED_AT - 301));
  for (const [name, value] of [
    ["webhook-id", "other"],
    ["webhook-id", undefined],
    ["webhook-timestamp", "1614265331"],
    ["webhook-timestamp", "soon"],
    ["webhook-timestamp", undefined],
    ["webhook-signature", ""],
    ["webhook-signature", undefined],
    ["webhook-signature", SIGNATURES.replaceAll("v1,", "v2,")],
    ["webhook-signature", "é".repeat(47)],
  ]) {
    assert.ok(!verified({ [name]: value }), `${name}: ${value}`);
  }
});

finish();
