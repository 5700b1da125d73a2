// aws-amplify, version 6: a device that takes the place of a second factor, by a user who signs in with an address.

import assert from "node:assert/strict";
import { AdminForgetDeviceCommand } from "@aws-sdk/client-cognito-identity-provider";
import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";
import * as lab from "./lab.mjs";

const { step } = lab;
const email = `${lab.newName()}@example.com`;
const storage = lab.browserStorage();
let poolId, authenticator, deviceKey;

// Amplify names the device as the browser names itself. Node says nothing of the kind before version 21.
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node}` };

/** Signs in; resolves to the next step. */
async function signIn(options) {
  await auth.signOut();
  return (await auth.signIn({ username: email, password: lab.PASSWORD, options })).nextStep.signInStep;
}

/** The device of the tokens, as they are or refreshed. */
const deviceOf = async (options) => (await auth.fetchAuthSession(options)).tokens.accessToken.payload.device_key;

const listed = async () => (await auth.fetchDevices()).map(({ id }) => id);

/** The keys under which Amplify keeps the device. */
const kept = () =>
  [...storage.stored.keys()].filter((key) => /\.(deviceKey|deviceGroupKey|randomPasswordKey)$/.test(key));

await step("creates a pool whose users say which devices are remembered", async () => {
  const created = await lab.createPool("amplify-devices", ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"], {
    UsernameAttributes: ["email"],
    DeviceConfiguration: { ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true },
  });
  poolId = created.poolId;
  await lab.createUser(poolId, email, { email, email_verified: "true" });
  Amplify.configure({
    Auth: {
      Cognito: { userPoolId: poolId, userPoolClientId: created.clientId, userPoolEndpoint: lab.ENDPOINT },
    },
  });
  cognitoUserPoolsTokenProvider.setKeyValueStorage(storage);
});
await step("confirms the device at the first sign-in", async () => {
  assert.equal(await signIn(), "DONE");
  assert.equal(kept().length, 3);
  deviceKey = await deviceOf();
  assert.match(deviceKey, /^us-east-1_[0-9a-f-]{36}$/);
  assert.deepEqual(await listed(), []);
});
await step("forgets the device, and confirms another at the next sign-in", async () => {
  await auth.forgetDevice();
  assert.deepEqual(kept(), []);
  assert.equal(await signIn(), "DONE");
  assert.notEqual(await deviceOf(), deviceKey);
  deviceKey = await deviceOf();
});
await step("sets up TOTP, which the pool demands from now on", async () => {
  const { sharedSecret } = await auth.setUpTOTP();
  authenticator = new lab.Authenticator(sharedSecret);
  await auth.verifyTOTPSetup({ code: await authenticator.code() });
  await auth.updateMFAPreference({ totp: "PREFERRED" });
  await lab.requireMfa(poolId);
});
await step("signs in with a TOTP code while the device is not remembered", async () => {
  assert.equal(await signIn(), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  assert.ok((await auth.confirmSignIn({ challengeResponse: await authenticator.code() })).isSignedIn);
  assert.equal(await deviceOf(), deviceKey);
});
await step("has the device remembered", async () => {
  await auth.rememberDevice();
  const [device, ...others] = await auth.fetchDevices();
  assert.deepEqual(others, []);
  assert.equal(device.id, deviceKey);
  assert.ok(device.name);
  assert.ok(Math.abs(Date.now() - device.lastAuthenticatedDate) < 600_000);
});
await step("signs in with the device in place of a code", async () => {
  assert.equal(await signIn(), "DONE");
  assert.equal(await deviceOf(), deviceKey);
});
await step("signs in with the device after a password that it chose", async () => {
  assert.equal(await signIn({ authFlowType: "USER_AUTH", preferredChallenge: "PASSWORD_SRP" }), "DONE");
  assert.equal(await deviceOf(), deviceKey);
});
await step("refreshes the tokens with the device, and not without it", async () => {
  const before = (await auth.fetchAuthSession()).tokens.accessToken.toString();
  assert.equal(await deviceOf({ forceRefresh: true }), deviceKey);
  assert.notEqual((await auth.fetchAuthSession()).tokens.accessToken.toString(), before);
  const place = kept().find((key) => key.endsWith(".deviceKey"));
  storage.stored.delete(place);
  // Amplify signs out whose refresh token was refused, and names no reason.
  assert.equal((await auth.fetchAuthSession({ forceRefresh: true })).tokens, undefined);
  storage.stored.set(place, deviceKey);
});
await step("drops a device that the server has forgotten, and is asked for a code", async () => {
  await lab.idp().send(new AdminForgetDeviceCommand({ UserPoolId: poolId, Username: email, DeviceKey: deviceKey }));
  assert.equal(await signIn(), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  assert.deepEqual(kept(), []);
});
lab.finish();
