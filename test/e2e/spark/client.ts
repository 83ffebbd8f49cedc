import { request as httpRequest, type OutgoingHttpHeaders } from "node:http";

export interface Sent {
  readonly method: string;
  /** Path and query, as they go over the wire. */
  readonly target: string;
  readonly headers?: OutgoingHttpHeaders | undefined;
  readonly body?: string | Uint8Array | undefined;
}

export interface Received {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends a request as it is: unlike `fetch` it adds no header of its own, and leaves the path alone. */
export function send(url: string, { method, target, headers = {}, body }: Sent): Promise<Received> {
  const { hostname, port } = new URL(url);
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const options = { host: hostname, port, method, path: target, headers: { ...length, ...headers } };
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, async (response) => {
      const chunks = await Array.fromAsync(response, (chunk: Buffer) => chunk).catch(reject);
      const text = Buffer.concat(chunks ?? []).toString();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    request.on("error", reject);
    request.end(body);
  });
}
