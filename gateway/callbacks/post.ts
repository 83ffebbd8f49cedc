import type { IsAllowed } from "../../cluster/mod.ts";
import { sendRequest } from "../outgoing/mod.ts";

interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isAllowed: IsAllowed;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Sends a POST request. Resolves to the status, without reading the body of the response. Rejects as `sendRequest` does. */
export function post(url: URL, options: Post): Promise<number> {
  const outgoing = { ...options, method: "POST", allowKey: "gateway.callbacks.allow" } as const;
  return sendRequest(url, outgoing, async ({ statusCode = 0 }) => statusCode);
}
