"""Another system knows one user."""

NAME, PASSWORD, EMAIL = "grace", "Legacy-password-7", "grace@example.com"


def lambda_handler(event, context):
    is_sign_in = event["triggerSource"] == "UserMigration_Authentication"
    if event["userName"] != NAME or (is_sign_in and event["request"]["password"] != PASSWORD):
        raise Exception("Bad user or password")
    event["response"]["userAttributes"] = {"email": EMAIL, "email_verified": "true"}
    event["response"]["messageAction"] = "SUPPRESS"
    # Who forgot the password gets a code and chooses another.
    if is_sign_in:
        event["response"]["finalUserStatus"] = "CONFIRMED"
    return event
