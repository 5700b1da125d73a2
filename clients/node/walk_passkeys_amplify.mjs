// aws-amplify, version 6, in Chromium: passkeys, by Amplify's own calls.

import assert from "node:assert/strict";
import { Browser, createPasskeyPool } from "./browser.mjs";
import * as lab from "./lab.mjs";

const { step, refused } = lab;
const browser = await Browser.start("amplify");
let page, authenticator, username, sub;

const credentialIds = async () =>
  (await page.do("listWebAuthnCredentials")).credentials.map(({ credentialId }) => credentialId);
const signInBy = (preferredChallenge, more = {}) =>
  page.do("signIn", { username, ...more, options: { authFlowType: "USER_AUTH", preferredChallenge } });
const signInByPassword = () => signInBy("PASSWORD_SRP", { password: lab.PASSWORD });
const signsIn = async (answered) => {
  assert.deepEqual(await answered, { isSignedIn: true, nextStep: { signInStep: "DONE" } });
  assert.equal((await page.do("accessTokenClaims")).sub, sub);
};

await step("opens a page with Amplify", async () => {
  page = await browser.openLocal();
  authenticator = await page.addAuthenticator();
});
await step("creates a pool, a client and a user", async () => {
  const pool = await createPasskeyPool("passkeys-amplify", "localhost");
  ({ username, sub } = pool);
  await page.do("configure", pool.poolId, pool.clientId, lab.ENDPOINT);
});
await step("registers no passkey without a sign-in", () =>
  refused(["UserUnAuthenticatedException"], () => page.do("associateWebAuthnCredential")),
);
await step("signs in by the password and has no passkey", async () => {
  await signsIn(signInByPassword());
  assert.deepEqual(await credentialIds(), []);
});
await step("registers no passkey whose user was not verified", async () => {
  await authenticator.setUserVerified(false);
  await refused(["PasskeyRegistrationCanceled"], () => page.do("associateWebAuthnCredential"));
  assert.deepEqual(await credentialIds(), []);
  await authenticator.setUserVerified(true);
});
await step("registers a passkey, whose user handle is the sub", async () => {
  await page.do("associateWebAuthnCredential");
  const [held, ...more] = await authenticator.credentials();
  assert.equal(more.length, 0);
  assert.ok(held.isResidentCredential);
  assert.equal(held.rpId, "localhost");
  assert.equal(Buffer.from(held.userHandle, "base64").toString(), sub);
});
await step("lists the passkey", async () => {
  const { credentials } = await page.do("listWebAuthnCredentials");
  const [held] = await authenticator.credentials();
  const [{ createdAt, ...listed }] = credentials;
  assert.ok(createdAt.getFullYear() > 2025, createdAt);
  assert.deepEqual(listed, {
    credentialId: Buffer.from(held.credentialId, "base64").toString("base64url"),
    friendlyCredentialName: "Platform passkey",
    relyingPartyId: "localhost",
    authenticatorAttachment: "platform",
    authenticatorTransports: ["internal"],
  });
});
await step("registers the same authenticator no second time", async () => {
  await refused(["PasskeyAlreadyExists"], () => page.do("associateWebAuthnCredential"));
  assert.equal((await credentialIds()).length, 1);
});
await step("signs in by preference, and the counter grows", async () => {
  const [before] = await authenticator.credentials();
  for (const _ of [1, 2]) {
    await page.do("signOut");
    await signsIn(signInBy("WEB_AUTHN"));
  }
  const [after] = await authenticator.credentials();
  assert.equal(after.signCount, before.signCount + 2);
});
await step("signs in by choosing the passkey", async () => {
  await page.do("signOut");
  const { nextStep } = await signInBy(undefined);
  assert.equal(nextStep.signInStep, "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
  assert.deepEqual(nextStep.availableChallenges.toSorted(), ["PASSWORD", "PASSWORD_SRP", "WEB_AUTHN"]);
  await signsIn(page.do("confirmSignIn", { challengeResponse: "WEB_AUTHN" }));
});
await step("is not signed in where the user was not verified", async () => {
  await page.do("signOut");
  await authenticator.setUserVerified(false);
  await refused(["PasskeyAuthenticationCanceled"], () => signInBy("WEB_AUTHN"));
  await authenticator.setUserVerified(true);
  await signsIn(signInBy("WEB_AUTHN"));
});
await step("registers a second authenticator and signs in by it alone", async () => {
  await authenticator.remove();
  authenticator = await page.addAuthenticator();
  await page.do("associateWebAuthnCredential");
  assert.equal((await credentialIds()).length, 2);
  await page.do("signOut");
  await signsIn(signInBy("WEB_AUTHN"));
});
await step("deletes the passkey, which signs nobody in any more", async () => {
  const [held] = await authenticator.credentials();
  const credentialId = Buffer.from(held.credentialId, "base64").toString("base64url");
  await page.do("deleteWebAuthnCredential", { credentialId });
  const left = await credentialIds();
  assert.equal(left.length, 1);
  assert.ok(!left.includes(credentialId));
  await page.do("signOut");
  // The authenticator still holds it, and the pool asks for the other one.
  await refused(["PasskeyAuthenticationCanceled"], () => signInBy("WEB_AUTHN"));
});
await step("is offered no passkey when the last one is deleted", async () => {
  await signsIn(signInByPassword());
  const [credentialId] = await credentialIds();
  await page.do("deleteWebAuthnCredential", { credentialId });
  await page.do("signOut");
  const { isSignedIn, nextStep } = await signInBy("WEB_AUTHN");
  assert.ok(!isSignedIn);
  assert.deepEqual(nextStep.availableChallenges.toSorted(), ["PASSWORD", "PASSWORD_SRP"]);
  await refused(["InvalidParameterException"], () => page.do("confirmSignIn", { challengeResponse: "WEB_AUTHN" }));
});
await browser.stop();
lab.finish();
