import { type DescMethod, getOption, type Message } from "@bufbuild/protobuf";
import { credentialsMissing } from "../../../proto/errors.ts";
import { permission } from "../../../proto/mod.ts";
import { type Action, type Caller, type Gate, isRead, type Stay } from "../../access/mod.ts";
import type { Answer, Call, Method } from "../call.ts";
import { createGrantReader } from "./grants.ts";
import { createNameReader } from "./resource_names.ts";

/** How the audit log names a method: `hearth.v1.JobService/SubmitJob`. */
export function actionName({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

/** The method behind the gate: nothing of it happens, nor is the request looked into, before the caller is allowed to. */
export function authorizeMethod(
  method: DescMethod,
  serve: Method,
  gate: Gate,
): (request: Message, call: Call, caller: Caller | undefined) => Answer {
  const name = actionName(method);
  const needed = getOption(method, permission);
  const readNames = createNameReader(method.input);
  const readMade = createNameReader(method.output);
  const readGrants = createGrantReader(method.input);
  const actionOf = (request: Message): Action => ({
    ...{ name, permission: needed, named: readNames(request) },
    grants: readGrants(request),
  });

  if (method.methodKind === "unary") return serveUnary;
  return serveStream;

  async function serveUnary(request: Message, call: Call, caller: Caller | undefined): Promise<Message> {
    const action = actionOf(request);
    using stay = gate.stay(known(caller), action, call.signal);
    return await gate.run(known(caller), action, async (guard) => {
      const answer = serve(request, within(call, stay), guard);
      if (Symbol.asyncIterator in answer) throw new Error(`Method ${method} answers a stream`);
      const message = await stay.hold(answer);
      guard.tell(readMade(message));
      return message;
    });
  }

  /** What the audit log calls done is the beginning of the stream: of one that changes something its first message. */
  async function* serveStream(request: Message, call: Call, caller: Caller | undefined): AsyncGenerator<Message> {
    const action = actionOf(request);
    using stay = gate.stay(known(caller), action, call.signal);
    const stream = await gate.run(known(caller), action, async (guard) => {
      const answer = serve(request, within(call, stay), guard);
      if (!(Symbol.asyncIterator in answer)) throw new Error(`Method ${method} answers no stream`);
      return isRead(action) ? answer : stay.hold(withFirst(answer));
    });
    yield* stay.follow(stream);
  }
}

/** The stream, once its first message is there. Read it: it holds what the first message began. */
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

/** The same call, which ends as well when its caller may not go on. */
function within(call: Call, { signal }: Stay): Call {
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

/** A surface that let a call come so far without asking who calls has a fault; the call is refused. */
function known(caller: Caller | undefined): Caller {
  if (caller === undefined) throw credentialsMissing([]);
  return caller;
}
