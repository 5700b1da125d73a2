// @aws-crypto/client-node: a custom sender opens the codes that it gets by this server's keys, which it finds by
// AWS_ENDPOINT_URL_KMS alone.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { CommitmentPolicy, KmsKeyringNode, buildClient } from "@aws-crypto/client-node";
import { ENDPOINT, finish, step } from "./lab.mjs";

Object.assign(process.env, {
  AWS_ENDPOINT_URL_KMS: ENDPOINT,
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  AWS_REGION: "us-east-1",
});

const KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const OTHER_KEY = KEY.replace("1111", "2222");
const POOL_ID = "us-east-1_Custom123";

// As AWS's own example of a custom sender has it.
const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
const keyring = new KmsKeyringNode({ keyIds: [KEY] });

const encrypted = (code, key = KEY) =>
  Buffer.from(
    execFileSync(process.env.COGNATE_TEST_CUSTOM_SENDER_CODE, [ENDPOINT, key, POOL_ID, code], { encoding: "utf8" }),
    "base64",
  );

await step("A code is opened, and its context names the pool", async () => {
  for (const code of ["123456", "Tr0ub4dor&3-ä", "x".repeat(4096)]) {
    const { plaintext, messageHeader } = await decrypt(keyring, encrypted(code));
    assert.equal(plaintext.toString(), code);
    assert.equal(messageHeader.encryptionContext["userpool-id"], POOL_ID);
    assert.equal(messageHeader.suiteId, 0x0378);
  }
});

await step("A changed code, and one of another key, is not opened", async () => {
  const message = encrypted("123456");
  for (const place of [30, Math.floor(message.length / 2), message.length - 1]) {
    const changed = Buffer.from(message);
    changed[place] ^= 1;
    await assert.rejects(decrypt(keyring, changed), `${place} of ${message.length}`);
  }
  await assert.rejects(decrypt(keyring, encrypted("123456", OTHER_KEY)));
});

finish();
