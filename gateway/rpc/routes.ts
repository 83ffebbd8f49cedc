import { type DescMethod, type DescService, getOption, type Message } from "@bufbuild/protobuf";
import { type ConnectRouter, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { readKept } from "../../lib/transcode/mod.ts";
import { Health, permission, ServerReflection, ServerReflectionV1Alpha } from "../../proto/mod.ts";
import type { Caller } from "../access/mod.ts";
import type { Limits } from "../limits.ts";
import { createHealth, type Readiness } from "./health.ts";
import type { Invoke, ServedService } from "./invoke.ts";
import { createReflection } from "./reflection/reflection.ts";

interface Served {
  readonly services: readonly ServedService[];
  readonly invoke: Invoke;
  readonly readiness: Readiness;
  readonly limits: Pick<Limits, "uploadBytes" | "messageBytes">;
}

/** Maximum size of a message of the services without authentication, in bytes. Their requests hold names only. */
const OPEN_MESSAGE_BYTES = 16 * 1024;

/** The authenticated caller, if there is access control. */
export const CALLER = createContextKey<Caller | undefined>(undefined);

/** Adds all services to a Connect router, which speaks Connect, gRPC and gRPC-Web. */
export function addRoutes(router: ConnectRouter, { services, invoke, readiness, limits }: Served): void {
  for (const { service } of services) {
    const methods = service.methods.map((method) => [method.localName, bind(method, invoke)]);
    router.service(service, Object.fromEntries(methods), { readMaxBytes: maxBytes(service, limits) });
  }
  const described = [...services.map(({ service }) => service), Health, ServerReflection, ServerReflectionV1Alpha];
  const reflection = createReflection(described);
  const health = createHealth(readiness, new Set(services.map(({ service }) => service.typeName)));
  const small = { readMaxBytes: maxBytes(Health, limits) };
  router.service(Health, health, small);
  router.service(ServerReflection, reflection, small);
  // The two versions of the protocol differ only in the package.
  router.service(ServerReflectionV1Alpha, reflection as object, small);
}

/** Maximum size of a message that a service accepts, in bytes. */
export function maxBytes(service: DescService, { uploadBytes, messageBytes }: Served["limits"]): number {
  if (OPEN_SERVICES.has(service.typeName)) return OPEN_MESSAGE_BYTES;
  return takesUploads(service) ? uploadBytes : messageBytes;
}

const OPEN_SERVICES = new Set([Health, ServerReflection, ServerReflectionV1Alpha].map(({ typeName }) => typeName));

function takesUploads({ methods }: DescService): boolean {
  return methods.some((method) => getOption(method, permission).endsWith(":upload"));
}

function bind(method: DescMethod, invoke: Invoke) {
  return (request: Message, { signal, requestHeader, responseHeader, values }: HandlerContext) => {
    const answer = invoke(method, request, { signal, requestHeader, responseHeader }, values.get(CALLER));
    return Symbol.asyncIterator in answer ? answer : withoutTexts(method, answer);
  };
}

async function withoutTexts({ output }: DescMethod, answer: Promise<Message>): Promise<Message> {
  const message = await answer;
  readKept(output, message);
  return message;
}
