"""Counts how often a user has signed in."""

import json

import boto3

cognito = boto3.client("cognito-idp")


def lambda_handler(event, context):
    before = int(event["request"]["userAttributes"].get("custom:sign_ins", "0"))
    cognito.admin_update_user_attributes(
        UserPoolId=event["userPoolId"],
        Username=event["userName"],
        UserAttributes=[{"Name": "custom:sign_ins", "Value": str(before + 1)}],
    )
    print(json.dumps({"signedIn": event["userName"], "newDevice": event["request"]["newDeviceUsed"]}))
    return event
