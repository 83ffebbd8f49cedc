/**
 * Replaces each function and accessor that a job can reach, then runs all actions, and lists internal objects of Deno and Node that a
 * replacement received: as `this`, as an argument, or as the return value of the original.
 */
// First, because it captures what the job needs.
import "./natives.ts";

import type { Action, Given, Modules } from "./action.ts";
import { actions } from "./actions.ts";
import { FORBIDDEN, findings } from "./find.ts";
import { startTimer, textOf } from "./natives.ts";
import { plant } from "./plant.ts";
import { append, isOff, known, record, recorded, recordedValues, startRecording, stopRecording } from "./record.ts";
import { replaceAll, replacements } from "./replace.ts";
import { reach } from "./walk.ts";

export async function job(given: Given): Promise<unknown> {
  const { config } = given;
  const roots: (readonly [string, object])[] = [["globalThis", globalThis]];
  const modules: Modules = {};
  for (const name of config.modules) {
    modules[name] = await import(`node:${name}`);
    roots.push([name, modules[name].default ?? modules[name]], [name, modules[name]]);
  }
  for (const [path, value] of Object.entries({
    "function*": function* () {},
    async: async () => {},
    "async function*": async function* () {},
    generator: (function* () {})(),
    "async generator": (async function* () {})(),
    "[].values()": [].values(),
    "new Map().keys()": new Map().keys(),
    "new Set().keys()": new Set().keys(),
    '"".matchAll()': "".matchAll(/x/g),
    '""[Symbol.iterator]()': ""[Symbol.iterator](),
    "Iterator.from()": Iterator.from({ next: () => ({ done: true as const, value: undefined }) }),
    "[].values().map()": [].values().map(String),
    "new Headers().keys()": new Headers().keys(),
    "new URLSearchParams().keys()": new URLSearchParams().keys(),
    "new FormData().keys()": new FormData().keys(),
  })) {
    roots.push([path, value]);
  }
  const all = reach(roots);
  for (const own of [given, recorded, recordedValues, known, replacements, FORBIDDEN, modules, roots, all]) {
    known.add(own);
  }
  const chosen = all.filter(([path]) => path.startsWith(config.only));
  Error.prepareStackTrace = (error, frames) => {
    if (!isOff) {
      for (let index = 0; index < frames.length; index++) {
        record(frames[index], "a frame");
        record(frames[index]?.getThis(), "the this of a frame");
        record(frames[index]?.getFunction(), "the function of a frame");
      }
      record(error, "prepareStackTrace");
    }
    let stack = textOf((error as Error)?.message);
    for (let index = 0; index < frames.length; index++) stack += `\n    at ${frames[index]}`;
    return stack;
  };
  const did: string[] = [];
  const acts = actions(given, modules);
  const replaced = replaceAll(chosen);
  plant(chosen);
  for (let index = 0; index < acts.length; index++) {
    const [name, act] = acts[index] as Action;
    let outcome = "done";
    startRecording();
    try {
      const timeout = new Promise((resolve) => startTimer(resolve, 400, "late"));
      outcome = (await Promise.race([act(), timeout])) === "late" ? "late" : "done";
    } catch (error) {
      try {
        outcome = `threw ${(error as Error)?.message}`;
      } catch {
        outcome = "threw";
      }
    }
    stopRecording();
    append(did, `${name}: ${outcome}`);
  }
  return { replaced, recorded: recorded.length, reached: all.length, found: findings(), did };
}
