import type { RequestListener } from "node:http";
import { isMessage } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Logger } from "pino";
import { JobEventSchema } from "../../proto/mod.ts";
import { addRoutes, type Invoke, type Readiness, type ServedService } from "../rpc/mod.ts";
import { createTranscoder } from "../transcode/mod.ts";

interface Surfaces {
  readonly services: readonly ServedService[];
  readonly invoke: Invoke;
  readonly readiness: Readiness;
  readonly log: Logger;
  readonly bodyBytes: number;
}

/** Everything that the port answers: REST, Connect, gRPC and gRPC-Web, each by its own rules, ending in the same methods. */
export function createSurfaces({ services, invoke, readiness, log, bodyBytes }: Surfaces): RequestListener {
  const described = services.map(({ service }) => service);
  const transcoder = createTranscoder({
    services: described,
    invoke,
    limits: { bodyBytes, rawBodyBytes: bodyBytes },
    events: {
      eventId: (_, message) => (isMessage(message, JobEventSchema) ? String(message.seq) : undefined),
      eventType: (_, message) => (isMessage(message, JobEventSchema) ? message.event.case : undefined),
      resumeField: "after_seq",
    },
    onInternalError: (error, method) => log.error({ method: method.toString(), err: error }, "internal error"),
  });
  const connect = connectNodeAdapter({
    routes: (router) => addRoutes(router, { services, invoke, readiness }),
    readMaxBytes: bodyBytes,
    shutdownSignal: readiness.closing,
  });
  return async (request, response) => {
    if (!(await transcoder.handle(request, response))) connect(request, response);
  };
}
