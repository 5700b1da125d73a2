// What a page that uses aws-amplify can be told to do.

import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";

globalThis.actions = {
  ...auth,
  configure: (userPoolId, userPoolClientId, userPoolEndpoint) =>
    Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint } } }),
  accessTokenClaims: async () => (await auth.fetchAuthSession()).tokens.accessToken.payload,
};
