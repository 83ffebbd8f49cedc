import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { pause } from "../../lib/async/mod.ts";
import { serviceNotServed, watchesLimited } from "../../proto/errors.ts";
import {
  type Health,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../../proto/mod.ts";

/** A part that keeps a gateway from being ready. Anybody may see both fields. */
export interface Problem {
  readonly part: string;
  readonly reason: string;
}

/** Whether this gateway can place contexts. */
export interface Readiness {
  /** The reasons why not; empty if it is ready. Never rejects. */
  problems(): Promise<readonly Problem[]>;
  /** Aborted when the gateway asks its clients to use other gateways. */
  readonly draining: AbortSignal;
  /** Aborted when the gateway ends its streams. */
  readonly closing: AbortSignal;
}

/** Maximum number of open watches: they need no authentication. */
const MOST_WATCHES = 1000;

/** Interval between two checks of a watch, in milliseconds. */
const WATCH_INTERVAL_MS = 500;

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

/** The gRPC health protocol: the empty service name is the whole gateway; each of its services has a status of its own. */
export function createHealth(readiness: Readiness, serviceNames: ReadonlySet<string>): ServiceImpl<typeof Health> {
  let watches = 0;
  const isKnown = (service: string): boolean => service === "" || serviceNames.has(service);
  const current = async (): Promise<HealthCheckResponse_ServingStatus> => {
    const isServing = !readiness.closing.aborted && (await readiness.problems()).length === 0;
    return isServing ? SERVING : NOT_SERVING;
  };
  return {
    async check({ service }) {
      if (!isKnown(service)) {
        throw serviceNotServed(service);
      }
      return create(HealthCheckResponseSchema, { status: await current() });
    },
    async list() {
      const status = await current();
      const statuses = Object.fromEntries(["", ...serviceNames].map((name) => [name, { status }]));
      return create(HealthListResponseSchema, { statuses });
    },
    async *watch({ service }, { signal }) {
      if (watches >= MOST_WATCHES) throw watchesLimited(MOST_WATCHES);
      watches += 1;
      try {
        const ending = AbortSignal.any([signal, readiness.closing]);
        const changing = AbortSignal.any([ending, readiness.draining]);
        let last: HealthCheckResponse_ServingStatus | undefined;
        while (!signal.aborted) {
          // The protocol requires this: an unknown service may be added later.
          const status = isKnown(service) ? await current() : SERVICE_UNKNOWN;
          if (status !== last && !signal.aborted) yield create(HealthCheckResponseSchema, { status });
          last = status;
          if (readiness.closing.aborted) return;
          await pause(WATCH_INTERVAL_MS, { signal: readiness.draining.aborted ? ending : changing });
        }
      } finally {
        watches -= 1;
      }
    },
  };
}
