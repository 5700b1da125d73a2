"""Codes in the user's language."""

TEXTS = {"de": ("Ihr Code", "Ihr Code lautet"), "en": ("Your code", "Your code is")}


def lambda_handler(event, context):
    if event["triggerSource"] != "CustomMessage_AdminCreateUser":
        language = event["request"].get("clientMetadata", {}).get("language")
        subject, text = TEXTS.get(language, TEXTS["en"])
        code = event["request"]["codeParameter"]
        event["response"] = {
            "emailSubject": subject,
            "emailMessage": f"{text} <b>{code}</b>.",
            "smsMessage": f"{text} {code}.",
        }
    return event
