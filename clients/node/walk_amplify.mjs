// aws-amplify, version 6: SRP, by users who sign in with their e-mail address.

import assert from "node:assert/strict";
import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";
import * as lab from "./lab.mjs";

const { step, refused } = lab;
const email = `${lab.newName()}@example.com`;
const mailbox = new lab.Mailbox(email);
let authenticator;
const storage = lab.browserStorage();

const signIn = (password) => auth.signIn({ username: email, password });
const tokens = async (options) => (await auth.fetchAuthSession(options)).tokens;

await step("creates a pool and a client", async () => {
  const { poolId, clientId } = await lab.createPool("amplify", ["ALLOW_USER_SRP_AUTH"], {
    UsernameAttributes: ["email"],
  });
  Amplify.configure({
    Auth: {
      Cognito: { userPoolId: poolId, userPoolClientId: clientId, userPoolEndpoint: lab.ENDPOINT },
    },
  });
  cognitoUserPoolsTokenProvider.setKeyValueStorage(storage);
});
await step("signs up", async () => {
  const { nextStep } = await auth.signUp({
    username: email,
    password: lab.PASSWORD,
    options: { userAttributes: { email, name: "Ada Lovelace" } },
  });
  assert.equal(nextStep.signUpStep, "CONFIRM_SIGN_UP");
  assert.equal(nextStep.codeDeliveryDetails.deliveryMedium, "EMAIL");
});
await step("is led to the confirmation by an early sign-in", async () => {
  const { nextStep } = await signIn(lab.PASSWORD);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_UP");
});
await step("confirms by the code from the outbox", async () => {
  const { isSignUpComplete } = await auth.confirmSignUp({
    username: email,
    confirmationCode: await mailbox.code(),
  });
  assert.ok(isSignUpComplete);
});
await step("is refused with a wrong password", () =>
  refused(lab.INCORRECT, () => signIn(lab.WRONG_PASSWORD)),
);
await step("signs in", async () => {
  assert.ok((await signIn(lab.PASSWORD)).isSignedIn);
  const { accessToken, idToken } = await tokens();
  assert.equal(idToken.payload.email, email);
  assert.equal(accessToken.payload.username, (await auth.getCurrentUser()).username);
});
await step("reads and updates its own attributes", async () => {
  assert.equal((await auth.fetchUserAttributes()).name, "Ada Lovelace");
  await auth.updateUserAttributes({ userAttributes: { name: "Ada King" } });
  const { name, email_verified } = await auth.fetchUserAttributes();
  assert.deepEqual({ name, email_verified }, { name: "Ada King", email_verified: "true" });
});
await step("sets up TOTP", async () => {
  const { sharedSecret } = await auth.setUpTOTP();
  authenticator = new lab.Authenticator(sharedSecret);
  await auth.verifyTOTPSetup({ code: await authenticator.code() });
  await auth.updateMFAPreference({ totp: "PREFERRED" });
  assert.deepEqual(await auth.fetchMFAPreference(), { enabled: ["TOTP"], preferred: "TOTP" });
});
await step("signs in with a TOTP code", async () => {
  await auth.signOut();
  const { nextStep } = await signIn(lab.PASSWORD);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  const code = await authenticator.code();
  await refused(["CodeMismatchException"], () =>
    auth.confirmSignIn({ challengeResponse: lab.wrongCode(code) }),
  );
  assert.ok((await auth.confirmSignIn({ challengeResponse: code })).isSignedIn);
});
await step("turns TOTP off", async () => {
  await auth.updateMFAPreference({ totp: "DISABLED" });
  await auth.signOut();
  assert.ok((await signIn(lab.PASSWORD)).isSignedIn);
});
await step("refreshes the tokens", async () => {
  const before = (await tokens()).accessToken.toString();
  const after = (await tokens({ forceRefresh: true })).accessToken.toString();
  assert.notEqual(after, before);
  await auth.fetchUserAttributes();
});
await step("changes the password", async () => {
  await auth.updatePassword({ oldPassword: lab.PASSWORD, newPassword: lab.CHANGED_PASSWORD });
  await auth.signOut();
  await refused(lab.INCORRECT, () => signIn(lab.PASSWORD));
});
await step("resets the forgotten password by the code from the outbox", async () => {
  const { nextStep } = await auth.resetPassword({ username: email });
  assert.equal(nextStep.resetPasswordStep, "CONFIRM_RESET_PASSWORD_WITH_CODE");
  await auth.confirmResetPassword({
    username: email,
    confirmationCode: await mailbox.code(),
    newPassword: lab.RESET_PASSWORD,
  });
  await refused(lab.INCORRECT, () => signIn(lab.CHANGED_PASSWORD));
  assert.ok((await signIn(lab.RESET_PASSWORD)).isSignedIn);
});
await step("signs out everywhere and is refused with the tokens of before", async () => {
  const before = new Map(storage.stored);
  await auth.signOut({ global: true });
  assert.equal(await tokens(), undefined);
  for (const [key, value] of before) storage.stored.set(key, value);
  await refused(lab.REVOKED, () => auth.fetchUserAttributes());
});
lab.finish();
