// aws-amplify, version 6: sign-ins whose first factor the user chooses, and sign-up without a password.

import assert from "node:assert/strict";
import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";
import * as lab from "./lab.mjs";

const { step, refused } = lab;
const ada = `${lab.newName()}@example.com`;
const eve = `${lab.newName()}@example.com`;
const joe = `${lab.newName()}@example.com`;
const mailbox = new lab.Mailbox(ada);
const evesMailbox = new lab.Mailbox(eve);
const joesMailbox = new lab.Mailbox(joe);

/** Signs in by choice; resolves to the next step. */
async function signIn(username, more = {}, password) {
  const { nextStep } = await auth.signIn({ username, password, options: { authFlowType: "USER_AUTH", ...more } });
  return nextStep;
}

/** Answers the step before; resolves to the next one. */
async function answer(challengeResponse) {
  return (await auth.confirmSignIn({ challengeResponse })).nextStep;
}

async function signOut(email) {
  const { tokens } = await auth.fetchAuthSession();
  assert.equal(tokens.idToken.payload.email, email);
  await auth.signOut();
}

/** Begins without a preference; answers which factors there are. */
async function offered(email) {
  const { signInStep, availableChallenges } = await signIn(email);
  assert.equal(signInStep, "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
  return availableChallenges;
}

await step("creates a pool of choices, and a user with a password", async () => {
  const { poolId, clientId } = await lab.createPool("amplify-choice", ["ALLOW_USER_AUTH"], {
    UsernameAttributes: ["email"],
    Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } },
  });
  await lab.createUser(poolId, ada, { email: ada, email_verified: "true" });
  Amplify.configure({
    Auth: {
      Cognito: { userPoolId: poolId, userPoolClientId: clientId, userPoolEndpoint: lab.ENDPOINT },
    },
  });
});
// Amplify ignores a second autoSignIn within 300 ms, so the other one stands at the end.
await step("signs in at once after a sign-up with a password that it prefers", async () => {
  await auth.signUp({
    username: joe,
    password: lab.PASSWORD,
    options: {
      userAttributes: { email: joe },
      autoSignIn: { authFlowType: "USER_AUTH", preferredChallenge: "PASSWORD_SRP" },
    },
  });
  await auth.confirmSignUp({ username: joe, confirmationCode: await joesMailbox.code() });
  assert.ok((await auth.autoSignIn()).isSignedIn);
  await signOut(joe);
});
await step("signs in by the code that it prefers", async () => {
  const { signInStep, codeDeliveryDetails } = await signIn(ada, { preferredChallenge: "EMAIL_OTP" });
  assert.equal(signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.deepEqual(codeDeliveryDetails, { deliveryMedium: "EMAIL", destination: "a***@e***" });
  const code = await mailbox.code();
  await refused(["CodeMismatchException"], () => answer(lab.wrongCode(code)));
  assert.equal((await answer(code)).signInStep, "DONE");
  await signOut(ada);
});
await step("signs in by the password that it prefers, by SRP and in clear", async () => {
  for (const preferredChallenge of ["PASSWORD_SRP", "PASSWORD"]) {
    await refused(lab.INCORRECT, () => signIn(ada, { preferredChallenge }, lab.WRONG_PASSWORD));
    assert.equal((await signIn(ada, { preferredChallenge }, lab.PASSWORD)).signInStep, "DONE");
    await signOut(ada);
  }
});
for (const choice of ["PASSWORD_SRP", "PASSWORD"]) {
  await step(`chooses ${choice} of what is offered`, async () => {
    assert.deepEqual(await offered(ada), ["EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"]);
    assert.equal((await answer(choice)).signInStep, "CONFIRM_SIGN_IN_WITH_PASSWORD");
    assert.equal((await answer(lab.PASSWORD)).signInStep, "DONE");
    await signOut(ada);
  });
}
await step("chooses EMAIL_OTP of what is offered", async () => {
  await offered(ada);
  assert.equal((await answer("EMAIL_OTP")).signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.equal((await answer(await mailbox.code())).signInStep, "DONE");
  await signOut(ada);
});
await step("is refused with a wrong password that it chose", async () => {
  for (const choice of ["PASSWORD_SRP", "PASSWORD"]) {
    await offered(ada);
    await answer(choice);
    await refused(lab.INCORRECT, () => answer(lab.WRONG_PASSWORD));
  }
});
await step("signs up without a password, and goes on into a sign-in", async () => {
  const { nextStep } = await auth.signUp({
    username: eve,
    options: { userAttributes: { email: eve }, autoSignIn: { authFlowType: "USER_AUTH" } },
  });
  assert.equal(nextStep.signUpStep, "CONFIRM_SIGN_UP");
  const confirmed = await auth.confirmSignUp({ username: eve, confirmationCode: await evesMailbox.code() });
  assert.ok(confirmed.isSignUpComplete);
  assert.equal(confirmed.nextStep.signUpStep, "COMPLETE_AUTO_SIGN_IN");
  // No second code: the Session that ConfirmSignUp answers is proof of the first.
  assert.ok((await auth.autoSignIn()).isSignedIn);
  assert.equal((await auth.fetchUserAttributes()).email_verified, "true");
  await signOut(eve);
});
lab.finish();
