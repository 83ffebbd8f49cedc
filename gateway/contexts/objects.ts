import { fromBinary } from "@bufbuild/protobuf";
import { contextNotFound, contextNotRunning, nodeUnreachable, objectNotFound } from "../../proto/errors.ts";
import { Context_State, isFinalContext, type NamedObject, NamedObjectSchema } from "../../proto/mod.ts";
import { NamedObject as NodeNamedObject } from "../../proto/node.ts";
import { type NodeDirectory, waitForSession } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";

interface ObjectDeps {
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
}

interface Waiting {
  readonly signal: AbortSignal;
}

/**
 * The named objects of a context, sorted by name, as its node reports them now. Rejects when the context is not running or cannot be
 * reached.
 */
export async function listObjects(deps: ObjectDeps, nameOrId: string, { signal }: Waiting): Promise<NamedObject[]> {
  const { id, session } = await reach(deps, nameOrId, { signal });
  const objects = await session.objects.list(id, { signal });
  if (objects === undefined) throw contextNotFound(nameOrId);
  const told = objects.map((object) => fromBinary(NamedObjectSchema, NodeNamedObject.encode(object).finish()));
  return told.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Drops a named object of a context. Rejects when there is no such object, else as `listObjects`. */
export async function dropObject(
  deps: ObjectDeps,
  { context: nameOrId, name }: { readonly context: string; readonly name: string },
  { signal }: Waiting,
): Promise<void> {
  const { id, session } = await reach(deps, nameOrId, { signal });
  const dropped = await session.objects.drop(id, name, { signal });
  if (dropped === undefined) throw contextNotFound(nameOrId);
  if (dropped.length === 0) throw objectNotFound(name, nameOrId);
}

async function reach({ contexts, nodes }: ObjectDeps, nameOrId: string, { signal }: Waiting) {
  const context = await contexts.find(nameOrId);
  if (context === undefined || isFinalContext(context.state)) throw contextNotFound(nameOrId);
  const { id, state, nodeId, name } = context;
  if (state === Context_State.STARTING) throw contextNotRunning(nameOrId, Context_State[state]);
  const findNodeId = async () => (await contexts.find(id))?.nodeId;
  const session = nodes.session(nodeId) ?? (await waitForSession(nodes, findNodeId, { signal }));
  if (session === undefined) throw nodeUnreachable(nodeId, name);
  return { id, session };
}
