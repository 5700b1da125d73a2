// The AWS SDK for JavaScript, version 3: sign-in with USER_PASSWORD_AUTH under an e-mail alias.

import assert from "node:assert/strict";
import * as sdk from "@aws-sdk/client-cognito-identity-provider";
import * as lab from "./lab.mjs";

const { step, refused } = lab;
const client = lab.idp();
const call = (operation, input) => client.send(new sdk[`${operation}Command`](input));
const name = lab.newName();
const email = `${name}@example.com`;
const mailbox = new lab.Mailbox(email);
let pool, signedUp, tokens, authenticator;

/** The challenge or the tokens that a sign-in gives; the user may be named by username or by alias. */
const signIn = (password, username = name) =>
  call("InitiateAuth", {
    ClientId: pool.clientId,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: username, PASSWORD: password },
  });
const refresh = () =>
  call("InitiateAuth", {
    ClientId: pool.clientId,
    AuthFlow: "REFRESH_TOKEN_AUTH",
    AuthParameters: { REFRESH_TOKEN: tokens.RefreshToken },
  });
const preferTotp = (enabled) =>
  call("SetUserMFAPreference", {
    AccessToken: tokens.AccessToken,
    SoftwareTokenMfaSettings: { Enabled: enabled, PreferredMfa: enabled },
  });

await step("creates a pool and a client", async () => {
  pool = await lab.createPool("sdk", ["ALLOW_USER_PASSWORD_AUTH"], { AliasAttributes: ["email"] });
});
await step("signs up", async () => {
  signedUp = await call("SignUp", {
    ClientId: pool.clientId,
    Username: name,
    Password: lab.PASSWORD,
    UserAttributes: [{ Name: "email", Value: email }],
  });
  assert.equal(signedUp.UserConfirmed, false);
  assert.match(signedUp.$metadata.requestId, /^[0-9a-f-]{36}$/);
});
await step("is refused before the confirmation", () =>
  refused(["UserNotConfirmedException", "User is not confirmed."], () => signIn(lab.PASSWORD)),
);
await step("confirms by the code from the outbox", async () => {
  await call("ConfirmSignUp", {
    ClientId: pool.clientId,
    Username: name,
    ConfirmationCode: await mailbox.code(),
  });
});
await step("is refused with a wrong password", () =>
  refused(lab.INCORRECT, () => signIn(lab.WRONG_PASSWORD)),
);
await step("signs in by the e-mail alias", async () => {
  tokens = (await signIn(lab.PASSWORD, email)).AuthenticationResult;
  const user = await call("GetUser", { AccessToken: tokens.AccessToken });
  assert.equal(user.Username, name);
  const sub = user.UserAttributes.find((attribute) => attribute.Name === "sub");
  assert.equal(sub.Value, signedUp.UserSub);
});
await step("sets up TOTP", async () => {
  const { SecretCode } = await call("AssociateSoftwareToken", { AccessToken: tokens.AccessToken });
  authenticator = new lab.Authenticator(SecretCode);
  const { Status } = await call("VerifySoftwareToken", {
    AccessToken: tokens.AccessToken,
    UserCode: await authenticator.code(),
  });
  assert.equal(Status, "SUCCESS");
  await preferTotp(true);
});
await step("signs in with a TOTP code", async () => {
  const challenge = await signIn(lab.PASSWORD, email);
  assert.equal(challenge.ChallengeName, "SOFTWARE_TOKEN_MFA");
  const code = await authenticator.code();
  const answer = (answered) =>
    call("RespondToAuthChallenge", {
      ClientId: pool.clientId,
      ChallengeName: "SOFTWARE_TOKEN_MFA",
      Session: challenge.Session,
      ChallengeResponses: { USERNAME: email, SOFTWARE_TOKEN_MFA_CODE: answered },
    });
  await refused(["CodeMismatchException"], () => answer(lab.wrongCode(code)));
  tokens = (await answer(code)).AuthenticationResult;
});
await step("turns TOTP off", () => preferTotp(false));
await step("refreshes the tokens", async () => {
  const { AuthenticationResult } = await refresh();
  await call("GetUser", { AccessToken: AuthenticationResult.AccessToken });
});
await step("refreshes the tokens by GetTokensFromRefreshToken", async () => {
  const { AuthenticationResult } = await call("GetTokensFromRefreshToken", {
    ClientId: pool.clientId,
    RefreshToken: tokens.RefreshToken,
  });
  await call("GetUser", { AccessToken: AuthenticationResult.AccessToken });
});
await step("changes the password", async () => {
  await call("ChangePassword", {
    AccessToken: tokens.AccessToken,
    PreviousPassword: lab.PASSWORD,
    ProposedPassword: lab.CHANGED_PASSWORD,
  });
  await refused(lab.INCORRECT, () => signIn(lab.PASSWORD));
});
await step("is refused a weak password", () =>
  refused(["InvalidPasswordException", "Password does not conform to policy: Password not long enough"], () =>
    call("ChangePassword", {
      AccessToken: tokens.AccessToken,
      PreviousPassword: lab.CHANGED_PASSWORD,
      ProposedPassword: "Short-1",
    }),
  ),
);
await step("resets the forgotten password by the code from the outbox", async () => {
  await call("ForgotPassword", { ClientId: pool.clientId, Username: email });
  const code = await mailbox.code();
  const confirm = (ConfirmationCode) =>
    call("ConfirmForgotPassword", {
      ClientId: pool.clientId,
      Username: email,
      ConfirmationCode,
      Password: lab.RESET_PASSWORD,
    });
  await refused(["CodeMismatchException"], () => confirm(lab.wrongCode(code)));
  await confirm(code);
  tokens = (await signIn(lab.RESET_PASSWORD)).AuthenticationResult;
});
await step("signs out everywhere", () => call("GlobalSignOut", { AccessToken: tokens.AccessToken }));
await step("is refused with the tokens of before the sign-out", async () => {
  await refused(lab.REVOKED, () => call("GetUser", { AccessToken: tokens.AccessToken }));
  await refused(["NotAuthorizedException"], refresh);
});
await step("deletes its own user", async () => {
  tokens = (await signIn(lab.RESET_PASSWORD)).AuthenticationResult;
  await call("DeleteUser", { AccessToken: tokens.AccessToken });
  await refused(["UserNotFoundException"], () =>
    call("AdminGetUser", { UserPoolId: pool.poolId, Username: name }),
  );
});
lab.finish();
