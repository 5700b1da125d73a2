/** Nobody signs in from Atlantis. */
export const handler = (event, context, callback) => {
  if (event.request.validationData?.country === "atlantis") {
    callback(new Error("Nobody signs in from Atlantis"));
  } else {
    callback(null, event);
  }
};
