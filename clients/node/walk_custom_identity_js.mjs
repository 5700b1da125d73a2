// amazon-cognito-identity-js: sign-ins that functions lead, with and without SRP before them, in several rounds.

import assert from "node:assert/strict";
import cognito from "amazon-cognito-identity-js";
import * as lab from "./lab.mjs";

const { step, refused, answered } = lab;
const { name, answerTo, createUser, createPool } = lab.riddles("identity-js");
let pool, user;

/** Begins as a new `user`. Resolves to the first question. */
function begin(how) {
  user = new cognito.CognitoUser({ Username: name, Pool: pool });
  user.setAuthenticationFlowType("CUSTOM_AUTH");
  return answered(how);
}

const withoutPassword = (metadata = {}) =>
  begin((callbacks) =>
    user.initiateAuth(
      new cognito.AuthenticationDetails({ Username: name, ValidationData: metadata }),
      callbacks,
    ),
  );

const withPassword = (password) =>
  begin((callbacks) =>
    user.authenticateUser(new cognito.AuthenticationDetails({ Username: name, Password: password }), callbacks),
  );

const answer = (text) => answered((callbacks) => user.sendCustomChallengeAnswer(text, callbacks));

/** Answers both questions, the second wrongly before rightly. Resolves to a session. */
async function answerAll(first) {
  const second = await answer(answerTo(first.question));
  assert.equal(second.question, "In which city were you born?");
  assert.equal((await answer("Graz")).question, second.question);
  return answer(answerTo(second.question));
}

await step("creates a pool that names functions, and a user", async () => {
  const { poolId, clientId } = await createPool();
  await createUser(poolId);
  pool = new cognito.CognitoUserPool({ UserPoolId: poolId, ClientId: clientId, endpoint: lab.ENDPOINT });
});
await step("signs in by two questions", async () => {
  const session = await answerAll(await withoutPassword());
  assert.ok(session.isValid());
  assert.equal(session.getIdToken().payload["cognito:username"], name);
  assert.equal(session.getIdToken().payload.tier, "gold");
});
await step("is refused after three wrong answers", async () => {
  await withoutPassword();
  await answer("none");
  await answer("none");
  await refused(lab.INCORRECT, () => answer("none"));
});
await step("tells PreAuthentication what the application said", () =>
  refused(
    ["UserLambdaValidationException", "PreAuthentication failed with error Nobody signs in from Atlantis."],
    () => withoutPassword({ country: "atlantis" }),
  ),
);
await step("signs in by the password and two questions", async () => {
  const session = await answerAll(await withPassword(lab.PASSWORD));
  assert.ok(session.isValid());
  await new Promise((resolve, reject) =>
    user.getUserAttributes((error, attributes) => (error ? reject(error) : resolve(attributes))),
  );
});
await step("is asked nothing with a wrong password", () =>
  refused(lab.INCORRECT, () => withPassword(lab.WRONG_PASSWORD)),
);
lab.finish();
