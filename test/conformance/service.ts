/** The service that the suite calls: it answers what a request asks it to answer, with what it has seen of the request. */
import { setTimeout as delay } from "node:timers/promises";
import { create, type Message } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { SuiteProtos, Untyped } from "./messages.ts";

/** Answers as `ServiceImpl` would have them, for a service that is known at run time only. */
export function createConformanceService(protos: SuiteProtos): Untyped {
  const { message } = protos;
  const infoDesc = message("ConformancePayload.RequestInfo");
  const descOf = (request: Message) => {
    const desc = protos.registry.getMessage(request.$typeName);
    if (desc === undefined) throw new Error(`${request.$typeName} is not known`);
    return desc;
  };
  const describe = (requests: readonly Message[], context?: HandlerContext): Message =>
    create(infoDesc, {
      requests: requests.map((request) => anyPack(descOf(request), request)),
      ...(context !== undefined && describeCall(context)),
    } as Untyped);
  const toError = ({ code, message: text, details }: Untyped, info?: Message): ConnectError => {
    const error = new ConnectError(text ?? "", code);
    error.details = details.map(({ typeUrl, value }: Untyped) => ({ type: typeUrl.split("/").at(-1), value }));
    if (info !== undefined) error.details.push({ desc: infoDesc, value: info as Untyped });
    return error;
  };

  /** The answer of a method with one answer. */
  async function answerOne(name: string, requests: readonly Untyped[], context: HandlerContext): Promise<Message> {
    const definition = requests[0]?.responseDefinition;
    const info = describe(requests, context);
    setHeaders(context, definition);
    await wait(definition?.responseDelayMs ?? 0, context);
    const { case: kind, value } = definition?.response ?? {};
    if (kind === "error") throw toError(value, info);
    const data = kind === "responseData" ? value : new Uint8Array();
    return create(message(name), { payload: { data, requestInfo: info } } as Untyped);
  }

  return {
    unary: (request: Message, context: HandlerContext) => answerOne("UnaryResponse", [request], context),
    idempotentUnary: (request: Message, context: HandlerContext) =>
      answerOne("IdempotentUnaryResponse", [request], context),
    async clientStream(requests: AsyncIterable<Message>, context: HandlerContext) {
      return answerOne("ClientStreamResponse", await Array.fromAsync(requests), context);
    },
    async *serverStream(request: Untyped, context: HandlerContext) {
      const { responseDefinition: definition } = request;
      if (definition === undefined) return;
      setHeaders(context, definition);
      const info = describe([request], context);
      for (const [index, data] of definition.responseData.entries()) {
        await wait(definition.responseDelayMs, context);
        yield create(message("ServerStreamResponse"), {
          payload: { data, ...(index === 0 && { requestInfo: info }) },
        } as Untyped);
      }
      if (definition.error === undefined) return;
      throw toError(definition.error, definition.responseData.length === 0 ? info : undefined);
    },
    async *bidiStream(requests: AsyncIterable<Untyped>, context: HandlerContext) {
      let first: Untyped;
      let sent = 0;
      let seen: Untyped[] = [];
      const next = async () => {
        const { responseDefinition } = first;
        await wait(responseDefinition.responseDelayMs, context);
        const requestInfo = describe(seen, sent === 0 ? context : undefined);
        const hasNews = sent === 0 || seen.length > 0;
        const payload = { data: responseDefinition.responseData[sent], ...(hasNews && { requestInfo }) };
        sent += 1;
        seen = [];
        return create(message("BidiStreamResponse"), { payload } as Untyped);
      };
      for await (const request of requests) {
        seen.push(request);
        if (first === undefined) setHeaders(context, request.responseDefinition);
        first ??= request;
        if (!first.fullDuplex) continue;
        if (sent >= (first.responseDefinition?.responseData.length ?? 0)) break;
        yield await next();
      }
      const definition = first?.responseDefinition;
      if (definition === undefined) return;
      while (sent < definition.responseData.length) yield await next();
      if (definition.error === undefined) return;
      throw toError(definition.error, sent === 0 ? describe(seen, context) : undefined);
    },
  };
}

/** Rejects with the reason of the call's end when that came meanwhile. */
async function wait(milliseconds: number, { signal }: HandlerContext): Promise<void> {
  await delay(milliseconds);
  signal.throwIfAborted();
}

function describeCall(context: HandlerContext): object {
  const { searchParams } = new URL(context.url);
  const timeoutMs = context.timeoutMs();
  return {
    requestHeaders: toHeaders(context.requestHeader),
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.trunc(timeoutMs)) }),
    ...(searchParams.size > 0 && { connectGetInfo: { queryParams: toHeaders(searchParams) } }),
  };
}

function toHeaders(entries: Iterable<[string, string]>): object[] {
  return [...entries].map(([name, value]) => ({ name, value: [value] }));
}

function setHeaders({ responseHeader, responseTrailer }: HandlerContext, definition: Untyped): void {
  for (const { name, value } of definition?.responseHeaders ?? [])
    for (const each of value) responseHeader.append(name, each);
  for (const { name, value } of definition?.responseTrailers ?? [])
    for (const each of value) responseTrailer.append(name, each);
}
