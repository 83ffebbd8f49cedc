import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { type handleUnaryCall, type Server, status } from "@grpc/grpc-js";
import { loadService } from "../../proto/remote_plugin.ts";
import { CallRefused } from "./refused.ts";

/** What answers each method of a service, by its name in code. */
export type Methods<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethodUnary<infer Input, infer Output>
    ? Method<Input, Output>
    : never;
};

type Method<Input extends DescMessage, Output extends DescMessage> = (
  request: MessageShape<Input>,
  options: { readonly signal: AbortSignal },
) => Promise<MessageInitShape<Output>>;

/** Adds a service to a server. The signal of a call is aborted when its caller has gone. */
export async function addService<Service extends DescService>(
  server: Server,
  service: Service,
  methods: Methods<Service>,
): Promise<void> {
  const byName = new Map<string, unknown>(Object.entries(methods));
  const handlers = service.methods.map((method) => {
    // `Methods` has made sure that this method takes and gives these messages.
    const answer = byName.get(method.localName) as Method<DescMessage, DescMessage>;
    return [method.name, handle(answer, method.output)];
  });
  server.addService(await loadService(service), Object.fromEntries(handlers));
}

function handle(
  answer: Method<DescMessage, DescMessage>,
  output: DescMessage,
): handleUnaryCall<MessageShape<DescMessage>, MessageShape<DescMessage>> {
  return async (call, callback) => {
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort(new Error("the caller has gone")));
    try {
      callback(null, create(output, await answer(call.request, { signal: gone.signal })));
    } catch (error) {
      callback({ code: error instanceof CallRefused ? error.code : status.INTERNAL, details: messageOf(error) });
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
