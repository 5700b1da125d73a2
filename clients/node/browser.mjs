// A Chromium without a window, pages in it that the client programs serve, and authenticators that Chromium plays.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  SetUserPoolMfaConfigCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { PASSWORD, createPool, idp, newName } from "./lab.mjs";

const FLAGS = [
  // The names are reserved (RFC 2606), and their pages are on this machine.
  "--host-resolver-rules=MAP *.test 127.0.0.1",
  "--ignore-certificate-errors",
];

/** A Chromium that opens pages whose script is a file of pages/. */
export class Browser {
  /** Starts it, and the servers of the pages: one without and one with TLS. */
  static async start(pageName) {
    const executablePath = process.env.COGNATE_TEST_CHROMIUM;
    assert.ok(executablePath, "Chromium is needed, and was neither found nor installed");
    const browser = new Browser();
    const script = await bundled(pageName);
    const answer = (request, response) => {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
      response.end(isScript ? script : "<!doctype html><title>Walk</title><script src='/page.js'></script>");
    };
    browser.port = await listening(createServer(answer));
    browser.tlsPort = await listening(createTlsServer(certificate(), answer));
    browser.chromium = await chromium.launch({ executablePath, args: FLAGS });
    return browser;
  }

  /** A page of the host `localhost`, with a storage of its own. */
  openLocal() {
    return this.#open(`http://localhost:${this.port}`);
  }

  /** A page of another host, by TLS. */
  open(host) {
    return this.#open(`https://${host}:${this.tlsPort}`);
  }

  async #open(origin) {
    const tab = await (await this.chromium.newContext()).newPage();
    await tab.goto(origin);
    const devtools = await tab.context().newCDPSession(tab);
    await devtools.send("WebAuthn.enable");
    return new Page(origin, tab, devtools);
  }

  stop() {
    return this.chromium.close();
  }
}

export class Page {
  constructor(origin, tab, devtools) {
    Object.assign(this, { origin, tab, devtools });
  }

  /** A frame within the page, of the same server and another host, that may use passkeys. */
  async openFrame(host) {
    const address = new URL(this.origin);
    address.hostname = host;
    await this.tab.evaluate((src) => {
      const frame = Object.assign(document.createElement("iframe"), { src, allow: "publickey-credentials-get *" });
      document.body.append(frame);
      return new Promise((resolve) => frame.addEventListener("load", resolve));
    }, address.href);
    return new Page(address.origin, this.tab.frames().at(-1), this.devtools);
  }

  /** What an action of the page's script answers; what it throws is thrown here. */
  async do(action, ...input) {
    const { value, thrown } = await this.tab.evaluate(
      async ([action, input]) => {
        try {
          return { value: await globalThis.actions[action](...input) };
        } catch ({ name, message, underlyingError }) {
          return { thrown: { name, message, cause: underlyingError && String(underlyingError) } };
        }
      },
      [action, input],
    );
    if (thrown) throw Object.assign(new Error(`${thrown.message} ${thrown.cause ?? ""}`), thrown);
    return value;
  }

  /** Gives the page an authenticator that is asked at once and always finds its user there. */
  async addAuthenticator(settings = {}) {
    const options = {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...settings,
    };
    const { authenticatorId } = await this.devtools.send("WebAuthn.addVirtualAuthenticator", { options });
    return new VirtualAuthenticator(this.devtools, authenticatorId);
  }
}

class VirtualAuthenticator {
  constructor(devtools, authenticatorId) {
    Object.assign(this, { devtools, authenticatorId });
  }

  #send(command, more = {}) {
    return this.devtools.send(`WebAuthn.${command}`, { authenticatorId: this.authenticatorId, ...more });
  }

  /** What it holds, private keys and counters too. */
  async credentials() {
    return (await this.#send("getCredentials")).credentials;
  }

  put(credential) {
    return this.#send("addCredential", { credential });
  }

  setUserVerified(isUserVerified) {
    return this.#send("setUserVerified", { isUserVerified });
  }

  remove() {
    return this.#send("removeVirtualAuthenticator");
  }
}

/** A pool whose users choose between password and passkey, by passkeys of this relying party, and a user of it. */
export async function createPasskeyPool(name, relyingPartyId) {
  const pool = await createPool(name, ["ALLOW_USER_AUTH"], {
    Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "WEB_AUTHN"] } },
  });
  await idp().send(
    new SetUserPoolMfaConfigCommand({
      UserPoolId: pool.poolId,
      WebAuthnConfiguration: { RelyingPartyId: relyingPartyId, UserVerification: "required" },
    }),
  );
  const user = { UserPoolId: pool.poolId, Username: newName() };
  const { User } = await idp().send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
  await idp().send(new AdminSetUserPasswordCommand({ ...user, Password: PASSWORD, Permanent: true }));
  const { Value: sub } = User.Attributes.find(({ Name }) => Name === "sub");
  return { ...pool, username: user.Username, sub };
}

async function bundled(pageName) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${pageName}.mjs`, import.meta.url))],
    bundle: true,
    write: false,
    platform: "browser",
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** A key and a certificate that nobody trusts. */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), "cognate-walk-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=walk"];
  try {
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert], { stdio: "pipe" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function listening(server) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
