import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { watchesLimited } from "../../proto/errors.ts";
import {
  type Health,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../../proto/mod.ts";

/** Whether this gateway can serve, and a promise of the moment when it cannot any more. */
export interface Readiness {
  check(): Promise<boolean>;
  readonly closing: AbortSignal;
}

/** Watches that are open at a time: nobody is asked who watches. */
const MOST_WATCHES = 1000;

/** The gRPC health protocol: the empty service name means the whole gateway, each service it serves has its own. */
export function createHealth(readiness: Readiness, serviceNames: ReadonlySet<string>): ServiceImpl<typeof Health> {
  let watches = 0;
  const status = async (service: string) => {
    if (service !== "" && !serviceNames.has(service)) {
      throw new ConnectError(`Cannot check service "${service}": it is not served here`, Code.NotFound);
    }
    const isServing = !readiness.closing.aborted && (await readiness.check());
    const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
    return create(HealthCheckResponseSchema, { status: isServing ? SERVING : NOT_SERVING });
  };
  return {
    check: ({ service }) => status(service),
    async list() {
      const names = ["", ...serviceNames];
      const statuses = await Promise.all(names.map(async (name) => [name, await status(name)]));
      return create(HealthListResponseSchema, { statuses: Object.fromEntries(statuses) });
    },
    async *watch({ service }, { signal }) {
      if (watches >= MOST_WATCHES) throw watchesLimited(MOST_WATCHES);
      watches += 1;
      try {
        yield await status(service);
        await untilAborted(AbortSignal.any([signal, readiness.closing]));
        if (!signal.aborted) yield await status(service);
      } finally {
        watches -= 1;
      }
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
