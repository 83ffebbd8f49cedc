/** Calls of the measurements besides the load. A call rejects with the response if that is an error. */
export interface Api {
  /** The default content type is TypeScript. */
  upload(binary: string, content: Uint8Array<ArrayBuffer>, type?: string): Promise<void>;
  /** Sends JSON and returns JSON. */
  post(path: string, body?: object): Promise<Json>;
  get(path: string): Promise<Json>;
  /** Resolves when the job has an event of this type. Rejects if it ends before. */
  untilEvent(jobId: string, type: string): Promise<void>;
}

/** The fields that measurements use. */
export interface Json {
  readonly id?: string;
  readonly state?: string;
  readonly job?: Json;
  readonly jobs?: readonly Json[];
}

/** Timeout of a call, in milliseconds. No call takes a second. */
const CALL_TIMEOUT_MS = 30_000;

export function createApi(
  url: string,
  { signal, callTimeoutMs = CALL_TIMEOUT_MS }: { readonly signal: AbortSignal; readonly callTimeoutMs?: number },
): Api {
  return {
    async upload(binary, body, type = "application/typescript") {
      const headers = { "content-type": type };
      await send(`/v1/binaries/${binary}`, { method: "PUT", body, headers });
    },
    async post(path, body = {}) {
      const headers = { "content-type": "application/json" };
      return (await send(path, { method: "POST", body: JSON.stringify(body), headers })).json() as Promise<Json>;
    },
    async get(path) {
      return (await send(path, { method: "GET" })).json() as Promise<Json>;
    },
    async untilEvent(jobId, type) {
      const { body } = await send(`/v1/jobs/${jobId}/events`, { method: "GET" });
      let events = "";
      for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        events += text;
        if (events.includes(`"${type}":`)) return;
      }
      throw new Error(`Job ${jobId} ended before it was "${type}": ${events}`);
    },
  };

  async function send(path: string, request: RequestInit): Promise<Response> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]);
    const response = await fetch(url + path, { ...request, signal: bounded }).catch((cause) => {
      throw new Error(`${request.method} ${path}: ${cause.message}`, { cause });
    });
    if (response.ok) return response;
    throw new Error(`${request.method} ${path}: ${response.status} ${await response.text()}`);
  }
}
