"""Runs one handler of a Python file by the Lambda Runtime API, as Lambda's own runtime does for it.

Behavior and texts: C, aws-lambda-python-runtime-interface-client.
"""

import http.client
import importlib.util
import json
import os
import sys
import time
import traceback

FILE, EXPORT = sys.argv[1:3]
MODULE = os.path.splitext(os.path.basename(FILE))[0]
CONNECTION = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


class Named(Exception):
    """An error of the runtime, which has no class of its own."""

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name


class Context:
    """What a handler is told of its call."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = None

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


def ask(method, place, body=None, headers=None):
    # What the handler has printed belongs to its own call.
    sys.stdout.flush()
    sys.stderr.flush()
    CONNECTION.request(method, "/2018-06-01/runtime/" + place, body, headers or {})
    response = CONNECTION.getresponse()
    return response.headers, response.read()


def post_error(place, error):
    name = error.name if isinstance(error, Named) else type(error).__name__
    stack = traceback.format_exception(type(error), error, error.__traceback__)
    sys.stderr.write("".join(stack))
    body = json.dumps({"errorMessage": str(error), "errorType": name, "stackTrace": stack}).encode()
    ask("POST", place, body, {"Lambda-Runtime-Function-Error-Type": name})


def load():
    folder = os.path.dirname(FILE)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # Files of the operator's folder stay as they are, and a changed one is never hidden by an older compilation.
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(MODULE, FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise Named("Runtime.ImportModuleError", f"Unable to import module '{MODULE}': {error}") from error
    except SyntaxError as error:
        raise Named("Runtime.UserCodeSyntaxError", f"Syntax error in module '{MODULE}': {error}") from error
    handler = getattr(module, EXPORT, None)
    if not callable(handler):
        raise Named("Runtime.HandlerNotFound", f"Handler '{EXPORT}' missing on module '{MODULE}'")
    return handler


def serialized(value):
    try:
        return json.dumps(value).encode()
    except Exception as error:
        raise Named("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def run(handler, headers, event):
    place = "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        reply = serialized(handler(json.loads(event), Context(headers)))
    except Exception as error:
        post_error(place + "/error", error)
        return
    try:
        ask("POST", place + "/response", reply)
    except (OSError, http.client.HTTPException):
        # One that is too long is the server's to report; the connection was closed before its end.
        CONNECTION.close()


def serve(handler):
    while True:
        headers, event = ask("GET", "invocation/next")
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
        run(handler, headers, event)


def main():
    sys.stdout.reconfigure(line_buffering=True)
    # The handler is to see the arguments of a program of its own.
    sys.argv[:] = [FILE]
    try:
        handler = load()
    except Exception as error:
        post_error("init/error", error)
        sys.exit(1)
    try:
        serve(handler)
    except (OSError, http.client.HTTPException):
        # Without a server there is nothing to run for, whatever threads the handler has started.
        os._exit(1)


main()
