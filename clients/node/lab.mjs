// What the Node client programs share: numbered steps, a user pool of their own, the mails sent, TOTP codes.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  SetUserPoolMfaConfigCommand,
} from "@aws-sdk/client-cognito-identity-provider";

export const ENDPOINT = process.env.COGNATE_TEST_ENDPOINT.replace(/\/$/, "");
export const REGION = "us-east-1";
export const PASSWORD = "Correct-horse-1";
export const CHANGED_PASSWORD = "Battery-staple-2";
export const RESET_PASSWORD = "Tr0ub4dor&3-again";
export const WRONG_PASSWORD = "Wrong-password-9";

export const INCORRECT = ["NotAuthorizedException", "Incorrect username or password."];
export const REVOKED = ["NotAuthorizedException", "Access Token has been revoked"];

let steps = 0;
let failed = 0;

/** Prints a line per step in the Test Anything Protocol. A failed step does not stop the later ones. */
export async function step(name, body) {
  steps += 1;
  try {
    await body();
    console.log(`ok ${steps} - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${steps} - ${name}`);
    console.log(String(error?.stack ?? error).replace(/^/gm, "# "));
  }
}

/** Prints the plan, which tells the reader that the program came to its end, and exits. */
export function finish() {
  console.log(`1..${steps}`);
  process.exit(failed > 0 ? 1 : 0);
}

/** Passes when `call` is refused with this error code and, where given, this text. */
export async function refused([code, message], call) {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, `was accepted, expected ${code}`);
  assert.equal(error.code ?? error.name, code, error.stack);
  if (message) assert.equal(error.message, message);
}

/** An AWS SDK client with credentials of no account, at `endpoint`, without retries that would hide failures. */
export function idp(endpoint = ENDPOINT) {
  return new CognitoIdentityProviderClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    maxAttempts: 1,
  });
}

/**
 * A pool that verifies e-mail addresses and lets users turn TOTP on, and an app client with these flows beside
 * the refresh flow.
 */
export async function createPool(name, flows, settings = {}, endpoint = ENDPOINT) {
  const client = idp(endpoint);
  const { UserPool } = await client.send(
    new CreateUserPoolCommand({ PoolName: name, AutoVerifiedAttributes: ["email"], ...settings }),
  );
  const pool = { UserPoolId: UserPool.Id };
  await client.send(
    new SetUserPoolMfaConfigCommand({
      ...pool,
      SoftwareTokenMfaConfiguration: { Enabled: true },
      MfaConfiguration: "OPTIONAL",
    }),
  );
  const { UserPoolClient } = await client.send(
    new CreateUserPoolClientCommand({
      ...pool,
      ClientName: "walk",
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH", ...flows],
    }),
  );
  return { poolId: UserPool.Id, clientId: UserPoolClient.ClientId };
}

/** Nobody signs in to the pool without a second factor from now on. */
export async function requireMfa(poolId) {
  const SoftwareTokenMfaConfiguration = { Enabled: true };
  await idp().send(
    new SetUserPoolMfaConfigCommand({ UserPoolId: poolId, SoftwareTokenMfaConfiguration, MfaConfiguration: "ON" }),
  );
}

/** A confirmed user with PASSWORD. */
export async function createUser(poolId, name, attributes = {}) {
  const user = { UserPoolId: poolId, Username: name };
  const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
  await idp().send(new AdminCreateUserCommand({ ...user, UserAttributes, MessageAction: "SUPPRESS" }));
  await idp().send(new AdminSetUserPasswordCommand({ ...user, Password: PASSWORD, Permanent: true }));
}

/** Runs a call of amazon-cognito-identity-js that takes a Node callback as its last argument. */
export const done = (start) =>
  new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));

/**
 * Runs a call of amazon-cognito-identity-js that takes an object of callbacks. A challenge resolves to its name, a
 * question of a function to its parameters.
 */
export const answered = (start) =>
  new Promise((resolve, reject) =>
    start({
      onSuccess: resolve,
      onFailure: reject,
      inputVerificationCode: resolve,
      associateSecretCode: resolve,
      totpRequired: resolve,
      customChallenge: resolve,
    }),
  );

/** Stands for the browser's storage, where Amplify keeps its tokens, and outlives a sign-out. */
export function browserStorage() {
  const stored = new Map();
  return {
    stored,
    setItem: async (key, value) => void stored.set(key, value),
    getItem: async (key) => stored.get(key) ?? null,
    removeItem: async (key) => void stored.delete(key),
    clear: async () => stored.clear(),
  };
}

export function newName() {
  return `ada-${randomBytes(4).toString("hex")}`;
}

/** The ARN of a function of clients/handlers that the server runs by Node. */
export const functionOf = (name) => `arn:aws:lambda:${REGION}:123456789012:function:node-${name}`;

/**
 * A pool whose functions ask for a sum and a city, one user of it, and what that user knows. Clients of the pool sign
 * in by the flows of CUSTOM_AUTH.
 */
export function riddles(poolName) {
  const name = newName();
  const functions = {
    PreAuthentication: functionOf("pre-authentication"),
    DefineAuthChallenge: functionOf("define-auth-challenge"),
    CreateAuthChallenge: functionOf("create-auth-challenge"),
    VerifyAuthChallengeResponse: functionOf("verify-auth-challenge"),
    PreTokenGeneration: functionOf("pre-token-generation-v1"),
  };
  const attribute = { Name: "city", AttributeDataType: "String", Mutable: true };
  return {
    name,
    createPool: () =>
      createPool(`riddles-${poolName}`, ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"], {
        Schema: [attribute],
        LambdaConfig: functions,
      }),
    createUser: (poolId) => createUser(poolId, name, { "custom:city": "Wien" }),
    answerTo: (question) => {
      const [one, other] = question.split(" + ");
      return other === undefined ? "Wien" : String(Number(one) + Number(other));
    },
  };
}

/** The codes sent to one address, read from the development outbox. */
export class Mailbox {
  constructor(address, endpoint = ENDPOINT) {
    this.url = `${endpoint}/_cognate/outbox/code?to=${encodeURIComponent(address)}`;
  }

  /** The newest code, waiting for one that was not read before. */
  async code() {
    let seen;
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
      const answer = await fetch(this.url);
      const code = (await answer.text()).trim();
      seen = `${answer.status} ${code}`;
      if (answer.ok && code !== this.lastCode) {
        this.lastCode = code;
        return code;
      }
    }
    throw new Error(`no new code at ${this.url}: ${seen}`);
  }
}

const timeStep = () => Math.floor(Date.now() / 30_000);

/** A user's authenticator app. A code is good once, so each call gives the code of a later time step. */
export class Authenticator {
  constructor(secretCode) {
    this.key = base32(secretCode);
    this.step = timeStep() - 1;
  }

  async code() {
    // Servers accept one step ahead of theirs: wait only when two codes were used within half a minute.
    this.step = Math.max(this.step + 1, timeStep());
    while (this.step > timeStep() + 1) await sleep(500);
    return totp(this.key, this.step);
  }
}

/** RFC 6238 with SHA-1 and six digits. */
function totp(key, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", key).update(counter).digest();
  const number = hash.readUInt32BE(hash[19] & 0xf) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** RFC 4648 base32 without padding. */
function base32(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** A code of the same form that is certainly another one. */
export function wrongCode(code) {
  return String((Number(code) + 500_000) % 1_000_000).padStart(6, "0");
}
