"""What a shop wants to read in the tokens of its users, by the first and by the second version of the event."""


def v1(event, context):
    event["response"] = {
        "claimsOverrideDetails": {
            "claimsToAddOrOverride": {"tier": "gold"},
            "claimsToSuppress": ["email"],
        }
    }
    return event


def v2(event, context):
    event["response"] = {
        "claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {
                "claimsToAddOrOverride": {"tier": "gold"},
                "claimsToSuppress": ["email"],
            },
            "accessTokenGeneration": {
                "claimsToAddOrOverride": {"stores": [7, 12]},
                "scopesToAdd": ["shop/read"],
            },
        }
    }
    return event
