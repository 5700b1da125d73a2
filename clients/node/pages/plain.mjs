// What a page that has nothing but the browser can be told to do.

globalThis.actions = {
  async call(endpoint, operation, input) {
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(input),
    });
    const body = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(body.message), { name: body.__type });
    return body;
  },
  async createPasskey(options) {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return (await navigator.credentials.create({ publicKey })).toJSON();
  },
  async usePasskey(options) {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return (await navigator.credentials.get({ publicKey })).toJSON();
  },
};
