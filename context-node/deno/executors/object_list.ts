import { NamedObject } from "../../../proto/node.ts";
import { ProtocolViolation } from "../channel/report_schemas.ts";
import { MAX_OBJECTS } from "../sandbox/messages/bounds.ts";
import type { SandboxCommand, SandboxReport } from "../sandbox/messages/protocol.ts";

/** What the node knows of the named objects of a sandbox; as it was when the sandbox ended. */
export interface ObjectList {
  /** By name. */
  list(): NamedObject[];
  /** Resolves when no job that starts afterwards finds it, and to undefined when there was none. */
  drop(name: string): Promise<NamedObject | undefined>;
  apply(report: ObjectReport): void;
  /** The sandbox is gone: nothing is dropped any more. */
  close(): void;
}

export type ObjectReport = Extract<SandboxReport, { type: "objectStored" | "objectRemoved" | "objectDropped" }>;

export function createObjectList(send: (command: SandboxCommand) => void): ObjectList {
  const objects = new Map<string, NamedObject>();
  const drops = new Map<number, (existed: boolean) => void>();
  let lastRequest = 0;
  let isClosed = false;

  function removeDrop(request: number): (existed: boolean) => void {
    const resolve = drops.get(request);
    if (resolve === undefined)
      throw new ProtocolViolation(`"objectDropped" of request ${request}, which does not wait`);
    drops.delete(request);
    return resolve;
  }

  return {
    list: () => [...objects.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    async drop(name) {
      if (isClosed) return undefined;
      lastRequest += 1;
      const request = lastRequest;
      const dropped = objects.get(name);
      const existed = await new Promise<boolean>((resolve) => {
        drops.set(request, resolve);
        send({ type: "dropObject", request, name });
      });
      return existed ? dropped : undefined;
    },
    apply(report) {
      switch (report.type) {
        case "objectStored": {
          if (objects.size >= MAX_OBJECTS && !objects.has(report.object.name)) {
            throw new ProtocolViolation(`more than ${MAX_OBJECTS} named objects`);
          }
          const { name, sizeBytes, createdAt, expiresAt } = report.object;
          const expireTime = expiresAt === undefined ? undefined : new Date(expiresAt);
          objects.set(name, NamedObject.create({ name, sizeBytes, createTime: new Date(createdAt), expireTime }));
          return;
        }
        case "objectRemoved":
          objects.delete(report.name);
          return;
        case "objectDropped":
          removeDrop(report.request)(report.existed);
          return;
        default:
          report satisfies never;
      }
    },
    close() {
      isClosed = true;
      for (const resolve of drops.values()) resolve(false);
      drops.clear();
    },
  };
}
