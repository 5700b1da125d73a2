/** People of example.com may register; who brings an invitation needs no code. */
export const handler = async (event) => {
  const { userAttributes, clientMetadata } = event.request;
  if (!userAttributes.email?.endsWith("@example.com")) {
    throw new Error("Only people of example.com may register");
  }
  if (clientMetadata?.invitation === "golden") {
    event.response.autoConfirmUser = true;
    event.response.autoVerifyEmail = true;
  }
  return event;
};
