import type {
  DescMessage,
  DescMethod,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Server } from "@grpc/grpc-js";
import { loadService } from "../../proto/remote_plugin.ts";
import { type Answer, answerOnce, answerStream, type StreamAnswer } from "./answer.ts";

/** Handlers of a service by method name. */
export type Methods<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: MethodOf<Service["method"][Name]>;
};

type MethodOf<Desc> =
  Desc extends DescMethodUnary<infer Input, infer Output>
    ? Answer<MessageShape<Input>, Output>
    : Desc extends DescMethodClientStreaming<infer Input, infer Output>
      ? Answer<AsyncIterable<MessageShape<Input>>, Output>
      : Desc extends DescMethodServerStreaming<infer Input, infer Output>
        ? StreamAnswer<MessageShape<Input>, Output>
        : never;

/** Adds a service to a server. */
export async function addService<Service extends DescService>(
  server: Server,
  service: Service,
  methods: Methods<Service>,
): Promise<void> {
  const byName = new Map<string, unknown>(Object.entries(methods));
  const handlers = service.methods.map((method) => [method.name, handle(method, byName.get(method.localName))]);
  server.addService(await loadService(service), Object.fromEntries(handlers));
}

/** `Methods` ensures that the handlers have the types of the methods. */
function handle(method: DescMethod, answer: unknown) {
  switch (method.methodKind) {
    case "unary":
      return answerOnce(answer as Answer<Message, DescMessage>, method.output);
    case "client_streaming":
      return answerOnce(answer as Answer<AsyncIterable<Message>, DescMessage>, method.output);
    case "server_streaming":
      return answerStream(answer as StreamAnswer<Message, DescMessage>, method.output);
    default:
      throw new Error(`Cannot serve method "${method.name}": it is ${method.methodKind}`);
  }
}
