import { NamedObject } from "../../../proto/node.ts";
import { MOST_OBJECTS } from "../sandbox/messages/bounds.ts";
import type { SandboxCommand, SandboxReport } from "../sandbox/messages/protocol.ts";
import { Violation } from "../violation.ts";

/** What the node knows of the named objects of a sandbox; as it was when the sandbox ended. */
export interface ObjectList {
  /** By name. */
  list(): NamedObject[];
  /** Resolves when no job that starts afterwards finds it, and to undefined when there was none. */
  drop(name: string): Promise<NamedObject | undefined>;
  hear(report: ObjectNews): void;
  /** The sandbox is gone: nothing is dropped any more. */
  close(): void;
}

export type ObjectNews = Extract<SandboxReport, { type: "objectStored" | "objectRemoved" | "objectDropped" }>;

export function createObjectList(send: (command: SandboxCommand) => void): ObjectList {
  const objects = new Map<string, NamedObject>();
  const drops = new Map<number, (existed: boolean) => void>();
  let lastRequest = 0;
  let isClosed = false;

  function takeDrop(request: number): (existed: boolean) => void {
    const answer = drops.get(request);
    if (answer === undefined) throw new Violation(`"objectDropped" of request ${request}, which does not wait`);
    drops.delete(request);
    return answer;
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
    hear(report) {
      switch (report.type) {
        case "objectStored": {
          if (objects.size >= MOST_OBJECTS && !objects.has(report.object.name)) {
            throw new Violation(`more than ${MOST_OBJECTS} named objects`);
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
          takeDrop(report.request)(report.existed);
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
