// amazon-cognito-identity-js: SRP, by users who sign in with their e-mail address.

import assert from "node:assert/strict";
import cognito from "amazon-cognito-identity-js";
import * as lab from "./lab.mjs";

const { step, refused, done, answered } = lab;
const email = `${lab.newName()}@example.com`;
const mailbox = new lab.Mailbox(email);
let pool, session, authenticator;
let user;

const person = () => new cognito.CognitoUser({ Username: email, Pool: pool });

/** Signs in as a new `user`. Resolves to a session, or to the name of the challenge that follows. */
async function signIn(password) {
  user = person();
  const details = new cognito.AuthenticationDetails({ Username: email, Password: password });
  session = await answered((callbacks) => user.authenticateUser(details, callbacks));
  return session;
}

const preferTotp = (enabled) =>
  done((callback) =>
    user.setUserMfaPreference(null, { PreferredMfa: enabled, Enabled: enabled }, callback),
  );

await step("creates a pool and a client", async () => {
  const { poolId, clientId } = await lab.createPool("identity-js", ["ALLOW_USER_SRP_AUTH"], {
    UsernameAttributes: ["email"],
  });
  pool = new cognito.CognitoUserPool({ UserPoolId: poolId, ClientId: clientId, endpoint: lab.ENDPOINT });
});
await step("signs up", async () => {
  const attributes = [new cognito.CognitoUserAttribute({ Name: "email", Value: email })];
  const result = await done((callback) => pool.signUp(email, lab.PASSWORD, attributes, null, callback));
  assert.equal(result.userConfirmed, false);
});
await step("is refused a second sign-up", () =>
  refused(["UsernameExistsException"], () =>
    done((callback) => pool.signUp(email, lab.PASSWORD, [], null, callback)),
  ),
);
await step("confirms by the code from the outbox", async () => {
  const code = await mailbox.code();
  await done((callback) => person().confirmRegistration(code, true, callback));
});
await step("is refused with a wrong password", () =>
  refused(lab.INCORRECT, () => signIn(lab.WRONG_PASSWORD)),
);
await step("signs in", async () => {
  await signIn(lab.PASSWORD);
  assert.ok(session.isValid());
  assert.equal(session.getIdToken().payload.email, email);
});
await step("reads its own attributes", async () => {
  const attributes = await done((callback) => user.getUserAttributes(callback));
  const values = Object.fromEntries(attributes.map(({ Name, Value }) => [Name, Value]));
  assert.equal(values.email, email);
  assert.equal(values.email_verified, "true");
  assert.equal(values.sub, session.getIdToken().payload.sub);
});
await step("sets up TOTP", async () => {
  authenticator = new lab.Authenticator(await answered((callbacks) => user.associateSoftwareToken(callbacks)));
  const code = await authenticator.code();
  await answered((callbacks) => user.verifySoftwareToken(code, "phone", callbacks));
  await preferTotp(true);
});
await step("signs in with a TOTP code", async () => {
  assert.equal(await signIn(lab.PASSWORD), "SOFTWARE_TOKEN_MFA");
  const code = await authenticator.code();
  session = await answered((callbacks) => user.sendMFACode(code, callbacks, "SOFTWARE_TOKEN_MFA"));
  assert.ok(session.isValid());
});
await step("turns TOTP off", async () => {
  await preferTotp(false);
  assert.ok((await signIn(lab.PASSWORD)).isValid());
});
await step("refreshes the tokens", async () => {
  const before = session.getAccessToken().getJwtToken();
  session = await done((callback) => user.refreshSession(session.getRefreshToken(), callback));
  assert.notEqual(session.getAccessToken().getJwtToken(), before);
});
await step("changes the password", async () => {
  await done((callback) => user.changePassword(lab.PASSWORD, lab.CHANGED_PASSWORD, callback));
  await refused(lab.INCORRECT, () => signIn(lab.PASSWORD));
  await signIn(lab.CHANGED_PASSWORD);
});
await step("resets the forgotten password by the code from the outbox", async () => {
  await answered((callbacks) => person().forgotPassword(callbacks));
  const code = await mailbox.code();
  await answered((callbacks) => person().confirmPassword(code, lab.RESET_PASSWORD, callbacks));
  await refused(lab.INCORRECT, () => signIn(lab.CHANGED_PASSWORD));
  await signIn(lab.RESET_PASSWORD);
});
await step("signs out everywhere", () => answered((callbacks) => user.globalSignOut(callbacks)));
await step("is refused with the tokens of before the sign-out", async () => {
  const late = person();
  late.setSignInUserSession(session);
  await refused(lab.REVOKED, () => done((callback) => late.getUserAttributes(callback)));
  await refused(["NotAuthorizedException"], () =>
    done((callback) => late.refreshSession(session.getRefreshToken(), callback)),
  );
});
lab.finish();
