"""A sum that keeps robots out, then the city in which the user was born. A sign-in that began with SRP proves its
password before. The third wrong answer ends it."""

import secrets


def define(event, context):
    session = event["request"]["session"]
    answers = [entry for entry in session if entry["challengeName"] == "CUSTOM_CHALLENGE"]
    right = [entry["challengeMetadata"] for entry in answers if entry["challengeResult"]]
    has_failed = any(
        entry["challengeName"] == "PASSWORD_VERIFIER" and not entry["challengeResult"] for entry in session
    )
    is_srp = len(session) == 1 and session[0]["challengeName"] == "SRP_A"
    event["response"] = {
        "issueTokens": "CITY" in right,
        "failAuthentication": has_failed or len(answers) - len(right) >= 3,
        "challengeName": "PASSWORD_VERIFIER" if is_srp else "CUSTOM_CHALLENGE",
    }
    return event


def create(event, context):
    session = event["request"]["session"]
    is_human = any(entry["challengeMetadata"] == "SUM" and entry["challengeResult"] for entry in session)
    if is_human:
        question, name = "In which city were you born?", "CITY"
        # Nobody guesses what nobody was told, be it of a user without a city or of a name that nobody has.
        answer = event["request"]["userAttributes"].get("custom:city", secrets.token_hex(16))
    else:
        one, other = secrets.randbelow(10), secrets.randbelow(10)
        question, name, answer = f"{one} + {other}", "SUM", str(one + other)
    event["response"]["publicChallengeParameters"] = {"question": question}
    event["response"]["privateChallengeParameters"] = {"answer": answer}
    event["response"]["challengeMetadata"] = name
    return event


def verify(event, context):
    expected = event["request"]["privateChallengeParameters"]["answer"]
    event["response"]["answerCorrect"] = event["request"]["challengeAnswer"] == expected
    return event
