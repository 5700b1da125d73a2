/** Codes in the user's language. */
const TEXTS = { de: ["Ihr Code", "Ihr Code lautet"], en: ["Your code", "Your code is"] };

export const handler = async (event) => {
  const { clientMetadata, codeParameter } = event.request;
  if (event.triggerSource !== "CustomMessage_AdminCreateUser") {
    const [subject, text] = TEXTS[clientMetadata?.language] ?? TEXTS.en;
    event.response.emailSubject = subject;
    event.response.emailMessage = `${text} <b>${codeParameter}</b>.`;
    event.response.smsMessage = `${text} ${codeParameter}.`;
  }
  return event;
};
