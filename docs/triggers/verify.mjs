// Whether a request to a webhook comes from Cognate: Standard Webhooks' signature, by one of the secrets, at most five
// minutes old. `headers` has names in lower case, and `body` is the bytes as they came.
import { createHmac, timingSafeEqual } from "node:crypto";

export function verify(headers, body, secret, now = Date.now() / 1000) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (!id || !signatures || !(Math.abs(now - Number(timestamp)) <= 300)) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const isEqual = (found) => found.length === expected.length + 3 && timingSafeEqual(Buffer.from(found), Buffer.from(`v1,${expected}`));
  return signatures.split(" ").some((found) => /^[\x21-\x7e]+$/.test(found) && isEqual(found));
}
