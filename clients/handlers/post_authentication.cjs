/** Counts how often a user has signed in. */
const {
  AdminUpdateUserAttributesCommand,
  CognitoIdentityProviderClient,
} = require("@aws-sdk/client-cognito-identity-provider");

const client = new CognitoIdentityProviderClient({});

exports.handler = async (event) => {
  const before = Number(event.request.userAttributes["custom:sign_ins"] ?? 0);
  await client.send(
    new AdminUpdateUserAttributesCommand({
      UserPoolId: event.userPoolId,
      Username: event.userName,
      UserAttributes: [{ Name: "custom:sign_ins", Value: String(before + 1) }],
    }),
  );
  console.log(JSON.stringify({ signedIn: event.userName, newDevice: event.request.newDeviceUsed }));
  return event;
};
