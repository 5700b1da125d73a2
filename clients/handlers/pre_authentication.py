"""Nobody signs in from Atlantis."""


def lambda_handler(event, context):
    if event["request"].get("validationData", {}).get("country") == "atlantis":
        raise Exception("Nobody signs in from Atlantis")
    return event
