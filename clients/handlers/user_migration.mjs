/** Another system knows one user. */
const GRACE = { name: "grace", password: "Legacy-password-7", email: "grace@example.com" };

export const handler = async (event) => {
  const isSignIn = event.triggerSource === "UserMigration_Authentication";
  if (event.userName !== GRACE.name || (isSignIn && event.request.password !== GRACE.password)) {
    throw new Error("Bad user or password");
  }
  event.response.userAttributes = { email: GRACE.email, email_verified: "true" };
  event.response.messageAction = "SUPPRESS";
  // Who forgot the password gets a code and chooses another.
  if (isSignIn) event.response.finalUserStatus = "CONFIRMED";
  return event;
};
