import { type DescMethod, type DescService, getOption, type Message } from "@bufbuild/protobuf";
import type { Validator } from "@bufbuild/protovalidate";
import { ConnectError } from "@connectrpc/connect";
import { isUnreadableRecord } from "../../plugins/contract/mod.ts";
import { recordUnreadable, waitEnded } from "../../proto/errors.ts";
import { permission } from "../../proto/mod.ts";
import { type AccessControl, type Caller, OPEN } from "../access/mod.ts";
import { authorizeMethod } from "./authorization/guarded_method.ts";
import type { Call, Implementation, Method, MethodResult } from "./call.ts";
import { checkRules } from "./validation/rules.ts";

/** A service with its implementation. */
export interface ServedService {
  readonly service: DescService;
  readonly implementation: Readonly<Record<string, Method>>;
}

/** Joins a service and its implementation; the only place that discards their types. */
export function serveService<Service extends DescService>(
  service: Service,
  implementation: Implementation<Service>,
): ServedService {
  return {
    service,
    implementation: implementation as Readonly<Record<string, unknown>> as ServedService["implementation"],
  };
}

/** `caller` is the authenticated caller; undefined without access control. */
export type Invoke = (method: DescMethod, request: Message, call: Call, caller?: Caller | undefined) => MethodResult;

interface InvokeOptions {
  readonly validator: Validator;
  readonly accessControl: AccessControl | undefined;
}

/**
 * Creates the only entry to the use cases, for every API: it authorizes the caller, validates the request by the rules of its proto, and
 * calls the method. Throws if a method has no implementation or declares no permission.
 */
export function createInvoke(services: readonly ServedService[], { validator, accessControl }: InvokeOptions): Invoke {
  const methods = new Map<DescMethod, (request: Message, call: Call, caller: Caller | undefined) => MethodResult>();
  for (const { service, implementation } of services) {
    for (const method of service.methods) {
      const implemented = implementation[method.localName];
      if (implemented === undefined) throw new Error(`Method ${method} has no implementation`);
      if (getOption(method, permission) === "") throw new Error(`Method ${method} declares no permission`);
      const serve = validateFirst(method, implemented, validator);
      methods.set(
        method,
        accessControl ? authorizeMethod(method, serve, accessControl) : (request, call) => serve(request, call, OPEN),
      );
    }
  }
  return (method, request, call, caller) => {
    const serve = methods.get(method);
    if (serve === undefined) throw new Error(`Method ${method} is not served`);
    return serve(request, call, caller);
  };
}

function validateFirst({ input }: DescMethod, serve: Method, validator: Validator): Method {
  return (request, call, authorization) => {
    checkRules(validator, input, request);
    const answer = serve(request, call, authorization);
    return Symbol.asyncIterator in answer ? translateStream(answer) : translateErrors(answer, call.signal);
  };
}

/** If the caller left or its deadline passed, reports that instead of the error that the aborted signal caused. */
async function translateErrors(answer: Promise<Message>, signal: AbortSignal): Promise<Message> {
  try {
    return await answer;
  } catch (error) {
    if (signal.aborted && !(error instanceof ConnectError)) throw waitEnded(error);
    throw translated(error);
  }
}

async function* translateStream(answer: AsyncIterable<Message>): AsyncGenerator<Message> {
  try {
    yield* answer;
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  return isUnreadableRecord(error) ? recordUnreadable(error) : error;
}
