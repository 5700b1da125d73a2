// aws-amplify, version 6: sign-ins that functions lead, with and without SRP before them, in several rounds.

import assert from "node:assert/strict";
import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";
import * as lab from "./lab.mjs";

const { step, refused } = lab;
const { name, answerTo, createUser, createPool } = lab.riddles("amplify");
const QUESTION = "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE";

const signIn = (authFlowType, more = {}) =>
  auth.signIn({ username: name, ...more, options: { authFlowType, ...more.options } });

const answer = (text, options) => auth.confirmSignIn({ challengeResponse: text, options });

/** The question of a step. */
function question({ nextStep }) {
  assert.equal(nextStep.signInStep, QUESTION);
  return nextStep.additionalInfo.question;
}

/** Answers both questions, the second wrongly before rightly. */
async function answerAll(first) {
  const second = question(await answer(answerTo(question(first))));
  assert.equal(second, "In which city were you born?");
  assert.equal(question(await answer("Graz")), second);
  assert.ok((await answer(answerTo(second))).isSignedIn);
}

async function signOut() {
  const { tokens } = await auth.fetchAuthSession();
  assert.equal(tokens.idToken.payload.tier, "gold");
  assert.equal((await auth.getCurrentUser()).username, name);
  await auth.signOut();
}

await step("creates a pool that names functions, and a user", async () => {
  const { poolId, clientId } = await createPool();
  await createUser(poolId);
  Amplify.configure({
    Auth: {
      Cognito: { userPoolId: poolId, userPoolClientId: clientId, userPoolEndpoint: lab.ENDPOINT },
    },
  });
});
await step("signs in by two questions", async () => {
  await answerAll(await signIn("CUSTOM_WITHOUT_SRP"));
  await signOut();
});
await step("is refused after three wrong answers", async () => {
  await signIn("CUSTOM_WITHOUT_SRP");
  await answer("none");
  await answer("none");
  await refused(lab.INCORRECT, () => answer("none"));
});
await step("tells PreAuthentication what the application said", () =>
  refused(
    ["UserLambdaValidationException", "PreAuthentication failed with error Nobody signs in from Atlantis."],
    () => signIn("CUSTOM_WITHOUT_SRP", { options: { clientMetadata: { country: "atlantis" } } }),
  ),
);
await step("signs in by the password and two questions", async () => {
  await answerAll(await signIn("CUSTOM_WITH_SRP", { password: lab.PASSWORD }));
  await signOut();
});
await step("is asked nothing with a wrong password", () =>
  refused(lab.INCORRECT, () => signIn("CUSTOM_WITH_SRP", { password: lab.WRONG_PASSWORD })),
);
await step("is asked for a second factor after the password, and for none without one", async () => {
  await answerAll(await signIn("CUSTOM_WITHOUT_SRP"));
  const { sharedSecret } = await auth.setUpTOTP();
  const authenticator = new lab.Authenticator(sharedSecret);
  await auth.verifyTOTPSetup({ code: await authenticator.code() });
  await auth.updateMFAPreference({ totp: "PREFERRED" });
  await signOut();
  const { nextStep } = await signIn("CUSTOM_WITH_SRP", { password: lab.PASSWORD });
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  await answerAll(await answer(await authenticator.code()));
  await signOut();
  await answerAll(await signIn("CUSTOM_WITHOUT_SRP"));
  await signOut();
});
lab.finish();
