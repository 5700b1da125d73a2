// Runs one handler of a Node file by the Lambda Runtime API, as Lambda's own runtime does for it.
// Behavior and texts: C, aws-lambda-nodejs-runtime-interface-client.

import http from "node:http";
import path from "node:path";
import { types } from "node:util";
import { pathToFileURL } from "node:url";

const [file, exportName] = process.argv.slice(1);
const handlerName = `${path.basename(file, path.extname(file))}.${exportName}`;
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const { request: send } = http;
const exit = process.exit.bind(process);

/** What is done when nothing is left to wait for, and with an error that nobody caught. */
let whenIdle = () => {};
let whenUncaught = (error) => failInit(error);

function ask(method, place, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, agent, headers, path: `/2018-06-01/runtime/${place}` };
    const request = send(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        const { headers, statusCode } = response;
        resolve({ headers, isRefused: statusCode >= 400, body: Buffer.concat(chunks).toString() });
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

function described(error) {
  if (types.isNativeError(error) || (error && error.name && error.message && error.stack)) {
    const stackTrace = String(error.stack).split("\n");
    return { errorType: String(error.name), errorMessage: String(error.message), stackTrace };
  }
  return { errorType: typeof error, errorMessage: String(error), stackTrace: [] };
}

async function postReply(place, reply) {
  const { isRefused } = await ask("POST", `${place}/response`, reply).catch(() => ({ isRefused: true }));
  // One that is too long is the server's to report; the connection is not used again, because it was not read to its end.
  if (isRefused) agent.destroy();
}

async function postError(place, error) {
  const body = described(error);
  process.stderr.write(`${body.stackTrace.join("\n") || body.errorMessage}\n`);
  const headers = { "Lambda-Runtime-Function-Error-Type": body.errorType.replace(/[^\x20-\x7e]/g, "?") };
  await ask("POST", place, JSON.stringify(body), headers).catch(() => {});
}

async function failInit(error) {
  await postError("init/error", error);
  exit(1);
}

function named(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

async function load() {
  let module;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw named("Runtime.UserCodeSyntaxError", String(error));
    if (error?.code === "MODULE_NOT_FOUND") throw named("Runtime.ImportModuleError", String(error));
    throw error;
  }
  const found = (from) => exportName.split(".").reduce((value, name) => value?.[name], from);
  // Names that CommonJS exports by a computation are found on the default only.
  const handler = found(module) ?? found(module.default);
  if (!handler) throw named("Runtime.HandlerNotFound", `${handlerName} is undefined or not exported`);
  if (typeof handler !== "function") throw named("Runtime.HandlerNotFound", `${handlerName} is not a function`);
  return handler;
}

function contextOf(headers, done) {
  const environment = process.env;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    succeed: (value) => context.done(null, value),
    fail: (error) => context.done(error ?? "handled"),
    done: (error, value) => {
      context.callbackWaitsForEmptyEventLoop = false;
      done(error, value);
    },
  };
  return context;
}

function serialized(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

/** One event: ends when its answer is posted. */
function run(handler, event, headers) {
  const place = `invocation/${headers["lambda-runtime-aws-request-id"]}`;
  return new Promise((answered) => {
    let isSettled = false;
    const settle = async (error, value) => {
      if (isSettled) return;
      isSettled = true;
      whenIdle = () => {};
      if (error === undefined || error === null) {
        try {
          await postReply(place, serialized(value));
          return answered();
        } catch (unserializable) {
          error = unserializable;
        }
      }
      await postError(`${place}/error`, error);
      answered();
    };
    const done = (error, value) => {
      const hasFailed = error !== undefined && error !== null;
      if (hasFailed || !context.callbackWaitsForEmptyEventLoop) settle(error, value);
      else if (!isSettled) whenIdle = () => settle(null, value);
    };
    const context = contextOf(headers, done);
    const isAsync = handler.constructor.name === "AsyncFunction";
    whenIdle = () => settle(isAsync ? unsettled() : null, null);
    whenUncaught = async (error, code) => {
      isSettled = true;
      await postError(`${place}/error`, error);
      exit(code);
    };
    try {
      const result = handler(event, context, done);
      if (typeof result?.then === "function") result.then(context.succeed, context.fail);
    } catch (error) {
      settle(error ?? "handled");
    }
  });
}

function unsettled() {
  return named(
    "Runtime.NodeJsExit",
    "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise " +
      "that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes",
  );
}

async function serve(handler) {
  for (;;) {
    // Without a server there is nothing to run for.
    const { headers, body } = await ask("GET", "invocation/next").catch(() => exit(1));
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
    await run(handler, JSON.parse(body), headers);
  }
}

process.on("beforeExit", () => whenIdle());
process.on("uncaughtException", (error) => whenUncaught(error, 129));
process.on("unhandledRejection", (reason) =>
  whenUncaught(named("Runtime.UnhandledPromiseRejection", String(reason)), 128),
);
load().then(serve, failInit);
