import { type DescMethod, getOption, type Message } from "@bufbuild/protobuf";
import { credentialsMissing } from "../../../proto/errors.ts";
import { permission } from "../../../proto/mod.ts";
import { type AccessControl, type Action, type Caller, isRead, type Recheck } from "../../access/mod.ts";
import type { Call, Method, MethodResult } from "../call.ts";
import { createGrantReader } from "./grants.ts";
import { createResourceReader } from "./resource_names.ts";

/** The name of a method in the audit log: `hearth.v1.JobService/SubmitJob`. */
export function actionName({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

/** Wraps a method with authorization: neither the method nor anything else sees the request before its caller is authorized. */
export function authorizeMethod(
  method: DescMethod,
  serve: Method,
  accessControl: AccessControl,
): (request: Message, call: Call, caller: Caller | undefined) => MethodResult {
  const name = actionName(method);
  const needed = getOption(method, permission);
  const readNames = createResourceReader(method.input);
  const readMade = createResourceReader(method.output);
  const readGrants = createGrantReader(method.input);
  const actionOf = (request: Message): Action => ({
    ...{ name, permission: needed, named: readNames(request) },
    grants: readGrants(request),
  });

  if (method.methodKind === "unary") return serveUnary;
  return serveStream;

  async function serveUnary(request: Message, call: Call, caller: Caller | undefined): Promise<Message> {
    const action = actionOf(request);
    using recheck = accessControl.recheck(known(caller), action, call.signal);
    return await accessControl.run(known(caller), action, async (authorization) => {
      const answer = serve(request, within(call, recheck), authorization);
      if (Symbol.asyncIterator in answer) throw new Error(`Method ${method} returns a stream`);
      const message = await recheck.hold(answer);
      authorization.addResources(readMade(message));
      return message;
    });
  }

  /** Streams a method's messages. The audit log records its start as the outcome: for a method that changes something, the first message. */
  async function* serveStream(request: Message, call: Call, caller: Caller | undefined): AsyncGenerator<Message> {
    const action = actionOf(request);
    using recheck = accessControl.recheck(known(caller), action, call.signal);
    const stream = await accessControl.run(known(caller), action, async (authorization) => {
      const answer = serve(request, within(call, recheck), authorization);
      if (!(Symbol.asyncIterator in answer)) throw new Error(`Method ${method} does not return a stream`);
      return isRead(action) ? answer : recheck.hold(withFirst(answer));
    });
    yield* recheck.follow(stream);
  }
}

/** Resolves when the first message of a stream has arrived, to the whole stream. Consume it: it owns what the first message started. */
async function withFirst(stream: AsyncIterable<Message>): Promise<AsyncIterable<Message>> {
  const messages = stream[Symbol.asyncIterator]();
  let first: IteratorResult<Message> | undefined = await messages.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const next = first ?? (await messages.next());
        first = undefined;
        return next;
      },
      async return() {
        await messages.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** The same call, which also ends when the recheck denies its caller. */
function within(call: Call, { signal }: Recheck): Call {
  return {
    signal,
    get requestHeader() {
      return call.requestHeader;
    },
    get responseHeader() {
      return call.responseHeader;
    },
  };
}

/** Rejects a call that reached the method without authentication, which is a bug of the API that served it. */
function known(caller: Caller | undefined): Caller {
  if (caller === undefined) throw credentialsMissing([]);
  return caller;
}
