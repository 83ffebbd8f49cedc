import { type Fault, printFault } from "../../cluster/mod.ts";

/** The step that failed: import of the module, check of its description, check of its configuration, start. */
export type PluginStep = "load" | "check" | "configure" | "start";

/** Reports to the operator why a plugin is not usable: which plugin, at which step, and the problem. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  /** The reference in the configuration. */
  readonly plugin: string;
  readonly step: PluginStep;
  readonly fault: string;
  /** All problems of its configuration, by its own keys; empty if something else is wrong. */
  readonly faults: readonly Fault[];

  constructor(
    plugin: string,
    step: PluginStep,
    { fault = "", faults = [], cause }: { fault?: string; faults?: readonly Fault[]; cause?: unknown },
  ) {
    const lines = faults.map((each) => `\n${printFault(each)}`).join("");
    super(`Cannot ${step} plugin "${plugin}": ${fault}${lines}`, { cause });
    this.plugin = plugin;
    this.step = step;
    this.fault = fault;
    this.faults = faults;
  }
}
