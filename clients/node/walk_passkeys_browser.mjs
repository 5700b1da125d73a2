// Passkeys in Chromium by nothing but navigator.credentials and fetch, on pages of several origins.

import assert from "node:assert/strict";
import { Browser, createPasskeyPool } from "./browser.mjs";
import * as lab from "./lab.mjs";

const { step, refused } = lab;

/** A user of a pool on a page. What the page does with options can be changed, as a page that means harm would. */
class Visitor {
  constructor(page, pool) {
    Object.assign(this, { page, pool });
  }

  call(operation, input) {
    return this.page.do("call", lab.ENDPOINT, operation, input);
  }

  startSignIn(more) {
    const { clientId: ClientId, username: USERNAME } = this.pool;
    return this.call("InitiateAuth", { ClientId, AuthFlow: "USER_AUTH", AuthParameters: { USERNAME, ...more } });
  }

  answer(ChallengeName, Session, more) {
    const { clientId: ClientId, username: USERNAME } = this.pool;
    const ChallengeResponses = { USERNAME, ...more };
    return this.call("RespondToAuthChallenge", { ClientId, ChallengeName, Session, ChallengeResponses });
  }

  async signInByPassword() {
    const answer = await this.startSignIn({ PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: lab.PASSWORD });
    this.token = answer.AuthenticationResult.AccessToken;
  }

  async register(changes = {}) {
    const AccessToken = this.token;
    const { CredentialCreationOptions } = await this.call("StartWebAuthnRegistration", { AccessToken });
    const Credential = await this.page.do("createPasskey", { ...CredentialCreationOptions, ...changes });
    await this.call("CompleteWebAuthnRegistration", { AccessToken, Credential });
    return Credential;
  }

  async ids() {
    const { Credentials } = await this.call("ListWebAuthnCredentials", { AccessToken: this.token });
    return Credentials.map(({ CredentialId }) => CredentialId);
  }

  askForPasskey() {
    return this.startSignIn({ PREFERRED_CHALLENGE: "WEB_AUTHN" });
  }

  async use({ ChallengeName, ChallengeParameters }, changes = {}) {
    assert.equal(ChallengeName, "WEB_AUTHN");
    const options = JSON.parse(ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
    return this.page.do("usePasskey", { ...options, ...changes });
  }

  /** Signs in by the passkey; the sub of the tokens must be the user's. */
  async signIn(changes) {
    const asked = await this.askForPasskey();
    const credential = await this.use(asked, changes);
    await this.signsIn(asked, credential);
    return credential;
  }

  async signsIn({ Session }, credential) {
    const answered = await this.answer("WEB_AUTHN", Session, { CREDENTIAL: JSON.stringify(credential) });
    const [, claims] = answered.AuthenticationResult.AccessToken.split(".");
    assert.equal(JSON.parse(Buffer.from(claims, "base64url")).sub, this.pool.sub);
  }

  refusedWith({ Session }, credential) {
    return refused(lab.INCORRECT, () =>
      this.answer("WEB_AUTHN", Session, { CREDENTIAL: JSON.stringify(credential) }),
    );
  }
}

const NOT_SUPPORTED = ["WebAuthnCredentialNotSupportedException"];
const OTHER_ORIGIN = ["WebAuthnOriginNotAllowedException"];
const WITHOUT_VERIFICATION = { hasUserVerification: false, isUserVerified: false };
const unverified = { userVerification: "discouraged" };
const unverifiedSelection = {
  authenticatorSelection: { residentKey: "required", requireResidentKey: true, ...unverified },
};
/** WebAuthn §6.1: it follows the hash of the relying party ID and the flags. */
const counter = ({ response }) => Buffer.from(response.authenticatorData, "base64url").readUInt32BE(33);
const browser = await Browser.start("plain");
let ada, authenticator, held;

await step("opens a page and signs in by the password", async () => {
  ada = new Visitor(await browser.openLocal(), await createPasskeyPool("passkeys-browser", "localhost"));
  await ada.signInByPassword();
});
await step("registers no passkey of an authenticator that verifies nobody", async () => {
  const weak = await ada.page.addAuthenticator(WITHOUT_VERIFICATION);
  await refused(["NotAllowedError"], () => ada.register());
  await refused(NOT_SUPPORTED, () => ada.register(unverifiedSelection));
  assert.deepEqual(await ada.ids(), []);
  await weak.remove();
});
await step("registers a passkey, whose user handle is the sub", async () => {
  authenticator = await ada.page.addAuthenticator();
  const { id } = await ada.register();
  [held] = await authenticator.credentials();
  assert.ok(held.isResidentCredential);
  assert.equal(Buffer.from(held.userHandle, "base64").toString(), ada.pool.sub);
  assert.equal(Buffer.from(held.credentialId, "base64").toString("base64url"), id);
  assert.deepEqual(await ada.ids(), [id]);
});
await step("registers the same authenticator no second time", async () => {
  await refused(["InvalidStateError"], () => ada.register());
});
await step("registers a second authenticator of another kind", async () => {
  const key = await ada.page.addAuthenticator({ transport: "usb" });
  await authenticator.remove();
  const { authenticatorAttachment } = await ada.register();
  assert.equal(authenticatorAttachment, "cross-platform");
  await refused(["InvalidStateError"], () => ada.register());
  await ada.signIn();
  await key.remove();
  authenticator = await ada.page.addAuthenticator();
  await authenticator.put(held);
  assert.equal((await ada.ids()).length, 2);
});
await step("signs in by preference, and the counter grows", async () => {
  const counts = [];
  for (const _ of [1, 2, 3]) {
    const credential = await ada.signIn();
    assert.equal(Buffer.from(credential.response.userHandle, "base64url").toString(), ada.pool.sub);
    counts.push(counter(credential));
  }
  // Chromium asks an authenticator beforehand which of several passkeys it holds, and that counts too.
  assert.ok(held.signCount < counts[0] && counts[0] < counts[1] && counts[1] < counts[2], counts);
});
await step("signs in by choosing the passkey", async () => {
  const { ChallengeName, AvailableChallenges, Session } = await ada.startSignIn({});
  assert.equal(ChallengeName, "SELECT_CHALLENGE");
  assert.ok(AvailableChallenges.includes("WEB_AUTHN"), AvailableChallenges);
  const asked = await ada.answer("SELECT_CHALLENGE", Session, { ANSWER: "WEB_AUTHN" });
  await ada.signsIn(asked, await ada.use(asked));
});
await step("finds the passkey without being told which", () => ada.signIn({ allowCredentials: [] }));
await step("signs in once by one signature, and by none of another sign-in", async () => {
  const [first, second] = [await ada.askForPasskey(), await ada.askForPasskey()];
  const credential = await ada.use(first);
  await ada.refusedWith(second, credential);
  await ada.signsIn(first, credential);
  await refused(["NotAuthorizedException"], () =>
    ada.answer("WEB_AUTHN", first.Session, { CREDENTIAL: JSON.stringify(credential) }),
  );
});
await step("is not signed in where the user was not verified", async () => {
  await authenticator.setUserVerified(false);
  const asked = await ada.askForPasskey();
  await refused(["NotAllowedError"], () => ada.use(asked));
  await authenticator.setUserVerified(true);
  const [known] = await authenticator.credentials();
  await authenticator.remove();
  const weak = await ada.page.addAuthenticator(WITHOUT_VERIFICATION);
  await weak.put(known);
  await ada.refusedWith(asked, await ada.use(asked, unverified));
  [held] = await weak.credentials();
  await weak.remove();
});
await step("is not signed in by a copy whose counter stayed behind", async () => {
  const copy = await ada.page.addAuthenticator();
  await copy.put({ ...held, signCount: 1 });
  const asked = await ada.askForPasskey();
  const credential = await ada.use(asked);
  assert.ok(counter(credential) < held.signCount);
  await ada.refusedWith(asked, credential);
  await copy.remove();
  authenticator = await ada.page.addAuthenticator();
  await authenticator.put(held);
  await ada.signIn();
});
await step("deletes the passkey, which signs nobody in any more", async () => {
  const asked = await ada.askForPasskey();
  const credential = await ada.use(asked);
  const { id: CredentialId } = credential;
  await ada.call("DeleteWebAuthnCredential", { AccessToken: ada.token, CredentialId });
  await ada.refusedWith(asked, credential);
  const later = await ada.askForPasskey();
  await ada.refusedWith(later, await ada.use(later, { allowCredentials: [] }));
  assert.ok(!(await ada.ids()).includes(CredentialId));
});
await step("registers and uses keys of each algorithm, with an attestation", async () => {
  await authenticator.remove();
  for (const alg of [-7, -257, -8]) {
    const other = await ada.page.addAuthenticator({ transport: "usb" });
    const { id, response } = await ada.register({
      pubKeyCredParams: [{ type: "public-key", alg }],
      attestation: "direct",
    });
    assert.equal(response.publicKeyAlgorithm, alg);
    assert.ok(Buffer.from(response.attestationObject, "base64url").includes("packed"), "no attestation");
    assert.equal((await ada.signIn()).id, id);
    await other.remove();
  }
});

let mary, subdomain;

await step("registers and uses a passkey below the relying party's domain, by TLS", async () => {
  mary = new Visitor(await browser.open("login.example.test"), await createPasskeyPool("tls", "example.test"));
  subdomain = await mary.page.addAuthenticator();
  await mary.signInByPassword();
  const { id } = await mary.register();
  assert.equal((await mary.signIn()).id, id);
});
await step("uses it on the domain itself, and on a host beside", async () => {
  for (const host of ["example.test", "shop.example.test"]) {
    const [passkey] = await subdomain.credentials();
    await subdomain.remove();
    mary = new Visitor(await browser.open(host), mary.pool);
    subdomain = await mary.page.addAuthenticator();
    await subdomain.put(passkey);
    await mary.signIn();
  }
});
await step("uses none in a frame of a page of another origin", async () => {
  const asked = await mary.askForPasskey();
  const framed = new Visitor(await mary.page.openFrame("login.example.test"), mary.pool);
  const credential = await framed.use(asked);
  assert.ok(JSON.parse(Buffer.from(credential.response.clientDataJSON, "base64url")).crossOrigin);
  await mary.refusedWith(asked, credential);
  await mary.signsIn(asked, await mary.use(asked));
});
await step("registers and uses none on a page of another domain that begins alike", async () => {
  const trap = new Visitor(await browser.open("example.test.evil.test"), mary.pool);
  await trap.page.addAuthenticator();
  await trap.signInByPassword();
  // The browser refuses the relying party, and the server refuses the page's own.
  await refused(["SecurityError"], () => trap.register());
  const id = "example.test.evil.test";
  await refused(OTHER_ORIGIN, () => trap.register({ rp: { id, name: id } }));
  const asked = await trap.askForPasskey();
  await refused(["SecurityError"], () => trap.use(asked));
  assert.equal((await trap.ids()).length, 1);
});
await browser.stop();
lab.finish();
