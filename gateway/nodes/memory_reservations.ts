import { HEARTBEAT_INTERVAL_MS } from "../../proto/node.ts";

/** Time after which a reserved context that the node's load never showed is released, in milliseconds. */
const RESERVED_MS = 3 * HEARTBEAT_INTERVAL_MS;

/** Memory of contexts that were sent to a node and that its load does not show yet. */
export class MemoryReservations {
  readonly #bytesByContextId = new Map<string, number>();

  get totalBytes(): number {
    return this.#bytesByContextId.values().reduce((sum, bytes) => sum + bytes, 0);
  }

  add(contextId: string, memoryBytes: number): void {
    this.#bytesByContextId.set(contextId, memoryBytes);
    setTimeout(() => this.release(contextId), RESERVED_MS).unref();
  }

  release(contextId: string): void {
    this.#bytesByContextId.delete(contextId);
  }
}
