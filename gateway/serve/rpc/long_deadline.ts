import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { LONGEST_DELAY_MS, startTimer } from "../../../lib/async/mod.ts";

/** Timeout headers of the protocols, with the functions that parse them to milliseconds. The library rejects malformed values. */
const HEADERS = { "grpc-timeout": grpcTimeoutMs, "connect-timeout-ms": connectTimeoutMs } as const;

const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1000 } as const;

/** A call with its own deadline timer. Disposing it clears the timer. */
interface KeptCall extends Disposable {
  readonly call: UniversalServerRequest;
}

/**
 * Runs the deadline of a call if it exceeds the maximum of setTimeout: the library would end such a call at once. Returns undefined for all
 * other calls, whose deadline the library handles.
 */
export function keepLongDeadline(call: UniversalServerRequest): KeptCall | undefined {
  for (const [name, read] of Object.entries(HEADERS)) {
    const value = call.header.get(name);
    const timeoutMs = value === null ? undefined : read(value);
    if (timeoutMs === undefined || timeoutMs <= LONGEST_DELAY_MS) continue;
    const header = new Headers(call.header);
    header.delete(name);
    const passed = new AbortController();
    const timer = startTimer(timeoutMs, () =>
      passed.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded)),
    );
    return {
      call: { ...call, header, signal: AbortSignal.any([call.signal, passed.signal]) },
      [Symbol.dispose]: () => timer[Symbol.dispose](),
    };
  }
  return undefined;
}

/**
 * Parses hours, minutes and seconds; returns undefined for shorter units. At most eight digits:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
function grpcTimeoutMs(value: string): number | undefined {
  const { digits, unit } = /^(?<digits>\d{1,8})(?<unit>[HMS])$/.exec(value)?.groups ?? {};
  return digits === undefined ? undefined : Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

function connectTimeoutMs(value: string): number | undefined {
  return /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}
