import { once } from "node:events";
import { connect } from "node:net";

const MARK = Buffer.from('"progress":');
const END = Buffer.from('"succeeded":');

/** One client that watches a job on a bare socket. Disposing it closes the connection. */
export interface Watcher extends Disposable {
  /** Number of received progress events. */
  readonly received: number;
  /** Resolves with the time of the last event of the job; rejects if the connection closes before. */
  readonly ended: Promise<number>;
  /** Stops reading. */
  pause(): void;
}

/** Opens a watch of the job and resolves when the first event arrives. */
export async function openWatcher(url: string, jobId: string): Promise<Watcher> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const ended = Promise.withResolvers<number>();
  let received = 0;
  // The possible first part of a marker.
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let end = 0;
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, end)) {
      received++;
      end = at + MARK.length;
    }
    if (text.includes(END)) ended.resolve(performance.now());
    rest = text.subarray(Math.max(end, text.length - END.length));
  });
  socket.on("error", ended.reject);
  socket.on("close", () => ended.reject(new Error("the server closed the connection")));
  // An unused watch closes without an end.
  ended.promise.catch(() => {});
  await once(socket, "connect");
  socket.write(`GET /v1/jobs/${jobId}/events HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  await once(socket, "data");
  return {
    get received() {
      return received;
    },
    ended: ended.promise,
    pause: () => void socket.pause(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
