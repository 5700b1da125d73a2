/** Sends codes through the API of a mail service. */
const { CommitmentPolicy, KmsKeyringNode, buildClient } = require("@aws-crypto/client-node");

const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
const keyring = new KmsKeyringNode({ keyIds: [process.env.KEY_ARN] });

exports.handler = async (event) => {
  const { code, userAttributes } = event.request;
  const { plaintext } = await decrypt(keyring, Buffer.from(code, "base64"));
  const mail = { to: userAttributes.email, code: plaintext.toString(), why: event.triggerSource };
  const answer = await fetch(process.env.MAIL_API, { method: "POST", body: JSON.stringify(mail) });
  if (!answer.ok) throw new Error(`The mail service answered ${answer.status}`);
};
