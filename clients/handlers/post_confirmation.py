"""Who has proved an address becomes a member."""

import boto3

# Address, region and credentials come from the environment, as on Lambda.
cognito = boto3.client("cognito-idp")


def lambda_handler(event, context):
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp":
        cognito.admin_add_user_to_group(
            UserPoolId=event["userPoolId"], Username=event["userName"], GroupName="members"
        )
    return event
