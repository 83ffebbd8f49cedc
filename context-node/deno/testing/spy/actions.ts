import type { Action, Given, Modules } from "./action.ts";
import { contextActions } from "./actions_context.ts";
import { denoActions } from "./actions_deno.ts";
import { importActions } from "./actions_import.ts";
import { languageActions } from "./actions_language.ts";
import { nodeActions } from "./actions_node.ts";
import { nodeDataActions } from "./actions_node_data.ts";
import { processActions } from "./actions_process.ts";
import { webActions } from "./actions_web.ts";
import { networkActions } from "./network.ts";

/** All actions, in order. */
export function actions(given: Given, modules: Modules): readonly Action[] {
  const { http, tcp } = given.config;
  return [
    ...contextActions(given),
    ...webActions(),
    ...importActions(given),
    ...nodeDataActions(modules),
    ...nodeActions(modules),
    ...processActions(),
    ...denoActions(),
    ...languageActions(),
    ...(http === undefined ? [] : networkActions({ http, tcp: tcp as number }, modules)),
  ];
}
