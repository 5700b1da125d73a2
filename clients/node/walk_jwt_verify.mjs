// aws-jwt-verify and openid-client: what a back end does with the tokens. Both issuers are met: the server's own
// URL at COGNATE_TEST_ENDPOINT, and AWS's URL at COGNATE_TEST_AWS_ISSUER_ENDPOINT (a server started with `--issuer aws`).

import assert from "node:assert/strict";
import { CognitoJwtVerifier, JwtVerifier } from "aws-jwt-verify";
import { validateCognitoJwtFields } from "aws-jwt-verify/cognito-verifier";
import * as errors from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import * as openid from "openid-client";
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import * as lab from "./lab.mjs";

const { step } = lab;
const AWS_ISSUER_ENDPOINT = process.env.COGNATE_TEST_AWS_ISSUER_ENDPOINT.replace(/\/$/, "");

/** The library's own fetcher speaks https only. */
const jwksCache = () =>
  new SimpleJwksCache({ fetcher: { fetch: async (uri) => (await fetch(uri)).arrayBuffer() } });

const jwks = async (endpoint, poolId) =>
  (await fetch(`${endpoint}/${poolId}/.well-known/jwks.json`)).json();

/** A pool at `endpoint` with a user, and the user's tokens. */
async function signedInUser(endpoint) {
  const client = lab.idp(endpoint);
  const { poolId, clientId } = await lab.createPool("jwt-verify", ["ALLOW_USER_PASSWORD_AUTH"], {}, endpoint);
  const user = { UserPoolId: poolId, Username: lab.newName() };
  await client.send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
  await client.send(new AdminSetUserPasswordCommand({ ...user, Password: lab.PASSWORD, Permanent: true }));
  const { AuthenticationResult } = await client.send(
    new InitiateAuthCommand({
      ClientId: clientId,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: user.Username, PASSWORD: lab.PASSWORD },
    }),
  );
  return { poolId, clientId, name: user.Username, tokens: AuthenticationResult };
}

/** The token with one claim changed and the signature kept. */
function withClaim(token, name, value) {
  const [head, payload, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const changed = Buffer.from(JSON.stringify({ ...claims, [name]: value })).toString("base64url");
  return [head, changed, signature].join(".");
}

/** The token with one bit of its signature flipped. */
function withBrokenSignature(token) {
  const [head, payload, signature] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[0] ^= 1;
  return [head, payload, bytes.toString("base64url")].join(".");
}

/** The token with another algorithm in its header. */
function withAlgorithm(token, alg) {
  const [head, ...rest] = token.split(".");
  const header = { ...JSON.parse(Buffer.from(head, "base64url")), alg };
  return [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join(".");
}

const access = (tokens) => tokens.AccessToken;
let own, verifier, aws, awsVerifier;

await step("own issuer: signs a user in", async () => {
  own = await signedInUser(lab.ENDPOINT);
  const issuer = `${lab.ENDPOINT}/${own.poolId}`;
  verifier = JwtVerifier.create(
    {
      issuer,
      jwksUri: `${issuer}/.well-known/jwks.json`,
      audience: null,
      customJwtCheck: ({ payload }) =>
        validateCognitoJwtFields(payload, { tokenUse: "access", clientId: own.clientId }),
    },
    { jwksCache: jwksCache() },
  );
});
await step("own issuer: serves two signing keys and no private part", async () => {
  const { keys } = await jwks(lab.ENDPOINT, own.poolId);
  assert.equal(keys.length, 2);
  for (const key of keys) {
    assert.deepEqual(Object.keys(key).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
    assert.deepEqual([key.alg, key.kty, key.use], ["RS256", "RSA", "sig"]);
  }
});
await step("own issuer: accepts the access token", async () => {
  const claims = await verifier.verify(own.tokens.AccessToken);
  assert.equal(claims.username, own.name);
  assert.equal(claims.token_use, "access");
});
await step("own issuer: accepts the ID token for its audience", async () => {
  const claims = await verifier.verify(own.tokens.IdToken, { audience: own.clientId, customJwtCheck: null });
  assert.equal(claims["cognito:username"], own.name);
});
for (const [what, change, error] of [
  ["a changed payload", (tokens) => withClaim(access(tokens), "username", "eve"), errors.JwtInvalidSignatureError],
  ["a later expiry", (tokens) => withClaim(access(tokens), "exp", 4_000_000_000), errors.JwtInvalidSignatureError],
  ["a changed signature", (tokens) => withBrokenSignature(access(tokens)), errors.JwtInvalidSignatureError],
  ["the algorithm none", (tokens) => withAlgorithm(access(tokens), "none"), errors.JwtInvalidSignatureAlgorithmError],
  ["an ID token used as access token", (tokens) => tokens.IdToken, errors.CognitoJwtInvalidTokenUseError],
]) {
  await step(`own issuer: rejects ${what}`, () => assert.rejects(verifier.verify(change(own.tokens)), error));
}
await step("own issuer: rejects the ID token for another audience", () =>
  assert.rejects(
    verifier.verify(own.tokens.IdToken, { audience: "another", customJwtCheck: null }),
    errors.JwtInvalidAudienceError,
  ),
);
await step("own issuer: rejects another pool's token", async () => {
  const other = await signedInUser(lab.ENDPOINT);
  // Its key is not among this pool's, which is found out before the issuer is read.
  await assert.rejects(verifier.verify(other.tokens.AccessToken), errors.KidNotFoundInJwksError);
});
await step("own issuer: is discovered by openid-client", async () => {
  const issuer = `${lab.ENDPOINT}/${own.poolId}`;
  const options = { execute: [openid.allowInsecureRequests] };
  const found = await openid.discovery(new URL(issuer), own.clientId, undefined, undefined, options);
  assert.equal(found.serverMetadata().issuer, issuer);
  assert.equal(found.serverMetadata().jwks_uri, `${issuer}/.well-known/jwks.json`);
});

await step("AWS's issuer: signs a user in", async () => {
  aws = await signedInUser(AWS_ISSUER_ENDPOINT);
  awsVerifier = CognitoJwtVerifier.create({
    userPoolId: aws.poolId,
    tokenUse: "access",
    clientId: aws.clientId,
  });
  awsVerifier.cacheJwks(await jwks(AWS_ISSUER_ENDPOINT, aws.poolId));
});
await step("AWS's issuer: accepts the access token", async () => {
  const claims = await awsVerifier.verify(aws.tokens.AccessToken);
  assert.equal(claims.iss, `https://cognito-idp.us-east-1.amazonaws.com/${aws.poolId}`);
});
await step("AWS's issuer: accepts the ID token as such", () =>
  awsVerifier.verify(aws.tokens.IdToken, { tokenUse: "id" }),
);
for (const [what, change, error, expected] of [
  ["a changed payload", (tokens) => withClaim(access(tokens), "username", "eve"), errors.JwtInvalidSignatureError],
  ["a changed signature", (tokens) => withBrokenSignature(access(tokens)), errors.JwtInvalidSignatureError],
  ["an ID token used as access token", (tokens) => tokens.IdToken, errors.CognitoJwtInvalidTokenUseError],
  ["a token of another client", access, errors.CognitoJwtInvalidClientIdError, { clientId: "another" }],
  ["a token without the group", access, errors.CognitoJwtInvalidGroupError, { groups: "editors" }],
]) {
  await step(`AWS's issuer: rejects ${what}`, () =>
    assert.rejects(awsVerifier.verify(change(aws.tokens), expected), error),
  );
}
lab.finish();
