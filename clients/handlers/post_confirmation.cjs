/** Who has proved an address becomes a member. */
const {
  AdminAddUserToGroupCommand,
  CognitoIdentityProviderClient,
} = require("@aws-sdk/client-cognito-identity-provider");

// Address, region and credentials come from the environment, as on Lambda.
const client = new CognitoIdentityProviderClient({});

exports.handler = async (event) => {
  if (event.triggerSource === "PostConfirmation_ConfirmSignUp") {
    const { userPoolId, userName } = event;
    await client.send(
      new AdminAddUserToGroupCommand({ UserPoolId: userPoolId, Username: userName, GroupName: "members" }),
    );
  }
  return event;
};
