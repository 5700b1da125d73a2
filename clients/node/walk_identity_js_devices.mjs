// amazon-cognito-identity-js: a device that takes the place of a second factor, and its end here and on the server.

import assert from "node:assert/strict";
import { AdminForgetDeviceCommand } from "@aws-sdk/client-cognito-identity-provider";
import cognito from "amazon-cognito-identity-js";
import * as lab from "./lab.mjs";

const { step, done, answered } = lab;
const name = lab.newName();
let poolId, pool, user, authenticator, deviceKey;

/** Signs in as a new `user`. Resolves to a session, or to the name of the challenge that follows. */
function signIn() {
  user = new cognito.CognitoUser({ Username: name, Pool: pool });
  const details = new cognito.AuthenticationDetails({ Username: name, Password: lab.PASSWORD });
  return answered((callbacks) => user.authenticateUser(details, callbacks));
}

/** The device that the client keeps for the user. */
const cached = () => pool.storage.getItem(`CognitoIdentityServiceProvider.${pool.getClientId()}.${name}.deviceKey`);

const isAskedForACode = async () => assert.equal(await signIn(), "SOFTWARE_TOKEN_MFA");

/** Signs in without a code, by the device that the client keeps. */
async function signsInByDevice() {
  assert.equal((await signIn()).getAccessToken().payload.device_key, deviceKey);
}

const listed = async () => {
  const { Devices } = await answered((callbacks) => user.listDevices(10, null, callbacks));
  return Devices.map((device) => device.DeviceKey);
};

await step("creates a pool whose users say which devices are remembered", async () => {
  const created = await lab.createPool("identity-js-devices", ["ALLOW_USER_SRP_AUTH"], {
    DeviceConfiguration: { ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true },
  });
  poolId = created.poolId;
  pool = new cognito.CognitoUserPool({ UserPoolId: poolId, ClientId: created.clientId, endpoint: lab.ENDPOINT });
  await lab.createUser(poolId, name);
});
await step("confirms the device at the first sign-in", async () => {
  assert.ok((await signIn()).isValid());
  deviceKey = cached();
  assert.match(deviceKey, /^us-east-1_[0-9a-f-]{36}$/);
  const { Device } = await answered((callbacks) => user.getDevice(callbacks));
  assert.equal(Device.DeviceKey, deviceKey);
  assert.deepEqual(await listed(), []);
});
await step("forgets the device, and confirms another at the next sign-in", async () => {
  await answered((callbacks) => user.forgetDevice(callbacks));
  assert.equal(cached(), undefined);
  assert.ok((await signIn()).isValid());
  assert.notEqual(cached(), deviceKey);
  deviceKey = cached();
});
await step("sets up TOTP, which the pool demands from now on", async () => {
  authenticator = new lab.Authenticator(await answered((callbacks) => user.associateSoftwareToken(callbacks)));
  const code = await authenticator.code();
  await answered((callbacks) => user.verifySoftwareToken(code, "phone", callbacks));
  await done((callback) => user.setUserMfaPreference(null, { PreferredMfa: true, Enabled: true }, callback));
  await lab.requireMfa(poolId);
});
await step("signs in with a TOTP code while the device is not remembered", async () => {
  await isAskedForACode();
  const code = await authenticator.code();
  const session = await answered((callbacks) => user.sendMFACode(code, callbacks, "SOFTWARE_TOKEN_MFA"));
  assert.ok(session.isValid());
  assert.equal(cached(), deviceKey);
});
await step("has the device remembered", async () => {
  await answered((callbacks) => user.setDeviceStatusRemembered(callbacks));
  assert.deepEqual(await listed(), [deviceKey]);
});
await step("signs in with the device in place of a code", signsInByDevice);
await step("refreshes the tokens with the device", async () => {
  const token = user.getSignInUserSession().getRefreshToken();
  const session = await done((callback) => user.refreshSession(token, callback));
  assert.equal(session.getAccessToken().payload.device_key, deviceKey);
});
await step("is asked for a code when the device is not to be remembered", async () => {
  await signsInByDevice();
  await answered((callbacks) => user.setDeviceStatusNotRemembered(callbacks));
  await isAskedForACode();
});
await step("drops a device that the server has forgotten, and is asked for a code", async () => {
  await lab.idp().send(new AdminForgetDeviceCommand({ UserPoolId: poolId, Username: name, DeviceKey: deviceKey }));
  await isAskedForACode();
  assert.equal(cached(), undefined);
});
lab.finish();
