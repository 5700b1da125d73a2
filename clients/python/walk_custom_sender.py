"""aws-encryption-sdk: a custom sender opens the codes that it gets by this server's keys, which it finds by
AWS_ENDPOINT_URL_KMS alone."""

import base64
import logging
import os
import subprocess

from lab import *

os.environ["AWS_ENDPOINT_URL_KMS"] = ENDPOINT

import aws_encryption_sdk
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import CommitmentPolicy

# What it is made to refuse it reports at length.
logging.disable()
step = Steps()
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("1111", "2222", 1)
POOL_ID = "us-east-1_Custom123"

# As AWS's own example of a custom sender has it.
sdk = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)


def keys(*arns):
    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=list(arns))


def encrypted(code, key=KEY):
    program = [os.environ["COGNATE_TEST_CUSTOM_SENDER_CODE"], ENDPOINT, key, POOL_ID, code]
    return base64.b64decode(subprocess.run(program, check=True, capture_output=True, timeout=30).stdout)


def kms():
    return boto3.client("kms", region_name=REGION)


with step("A code is opened, and its context names the pool"):
    for code in ["123456", "Tr0ub4dor&3-ä", "x" * 4096]:
        text, header = sdk.decrypt(source=encrypted(code), key_provider=keys(KEY))
        expect(text.decode(), code)
        expect(header.encryption_context["userpool-id"], POOL_ID)
        expect(header.algorithm.algorithm_id, 0x0378)

with step("A changed code is not opened"):
    message = encrypted("123456")
    for place in [30, len(message) // 2, len(message) - 1]:
        changed = bytearray(message)
        changed[place] ^= 1
        try:
            sdk.decrypt(source=bytes(changed), key_provider=keys(KEY))
        except Exception:
            continue
        assert False, f"a change at {place} of {len(message)} was not seen"

with step("A code of another key is not opened"):
    try:
        sdk.decrypt(source=encrypted("123456", OTHER_KEY), key_provider=keys(KEY))
    except AWSEncryptionSDKClientError:
        pass
    else:
        assert False, "another key opened it"

with step("What the SDK encrypts itself it opens again"):
    message, _ = sdk.encrypt(source=b"text", key_provider=keys(OTHER_KEY), encryption_context={"a": "b"})
    expect(sdk.decrypt(source=message, key_provider=keys(OTHER_KEY))[0], b"text")

with step("boto3 wraps, opens and describes"):
    made = kms().generate_data_key(KeyId=KEY, KeySpec="AES_256", EncryptionContext={"a": "b"})
    opened = kms().decrypt(CiphertextBlob=made["CiphertextBlob"], KeyId=KEY, EncryptionContext={"a": "b"})
    expect(opened["Plaintext"], made["Plaintext"])
    expect(kms().describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"], "Enabled")
    with refused("InvalidCiphertextException"):
        kms().decrypt(CiphertextBlob=made["CiphertextBlob"], KeyId=KEY, EncryptionContext={"a": "c"})
    with refused("NotFoundException"):
        kms().describe_key(KeyId="alias/nothing")

step.finish()
