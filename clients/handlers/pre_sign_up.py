"""People of example.com may register; who brings an invitation needs no code."""

from aws_lambda_powertools.utilities.data_classes import event_source
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreSignUpTriggerEvent


@event_source(data_class=PreSignUpTriggerEvent)
def lambda_handler(event: PreSignUpTriggerEvent, context):
    if not event.request.user_attributes.get("email", "").endswith("@example.com"):
        raise ValueError("Only people of example.com may register")
    if event.request.client_metadata.get("invitation") == "golden":
        event.response.auto_confirm_user = True
        event.response.auto_verify_email = True
    return event.raw_event
