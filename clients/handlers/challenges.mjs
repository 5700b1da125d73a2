/**
 * A sum that keeps robots out, then the city in which the user was born. A sign-in that began with SRP proves its
 * password before. The third wrong answer ends it.
 */
import { randomBytes, randomInt } from "node:crypto";

export const define = async (event) => {
  const { session } = event.request;
  const answers = session.filter((round) => round.challengeName === "CUSTOM_CHALLENGE");
  const right = answers.filter((round) => round.challengeResult).map((round) => round.challengeMetadata);
  const hasFailed = session.some((round) => round.challengeName === "PASSWORD_VERIFIER" && !round.challengeResult);
  event.response.issueTokens = right.includes("CITY");
  event.response.failAuthentication = hasFailed || answers.length - right.length >= 3;
  const isSrp = session.length === 1 && session[0].challengeName === "SRP_A";
  event.response.challengeName = isSrp ? "PASSWORD_VERIFIER" : "CUSTOM_CHALLENGE";
  return event;
};

export const create = async (event) => {
  const { session, userAttributes } = event.request;
  const isHuman = session.some((round) => round.challengeMetadata === "SUM" && round.challengeResult);
  if (isHuman) {
    event.response.publicChallengeParameters = { question: "In which city were you born?" };
    // Nobody guesses what nobody was told, be it of a user without a city or of a name that nobody has.
    const city = userAttributes["custom:city"] ?? randomBytes(16).toString("hex");
    event.response.privateChallengeParameters = { answer: city };
    event.response.challengeMetadata = "CITY";
  } else {
    const [one, other] = [randomInt(10), randomInt(10)];
    event.response.publicChallengeParameters = { question: `${one} + ${other}` };
    event.response.privateChallengeParameters = { answer: String(one + other) };
    event.response.challengeMetadata = "SUM";
  }
  return event;
};

export const verify = async (event) => {
  const { challengeAnswer, privateChallengeParameters } = event.request;
  event.response.answerCorrect = challengeAnswer === privateChallengeParameters.answer;
  return event;
};
