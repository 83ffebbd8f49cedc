import { type Fault, printFault } from "../../cluster/mod.ts";

/** How far the host came: importing the module, checking what it describes, checking its configuration, starting it. */
export type PluginStep = "load" | "check" | "configure" | "start";

/** Why a plugin cannot be used, for the operator: which plugin, at which step, what is wrong. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  /** As the configuration names it. */
  readonly plugin: string;
  readonly step: PluginStep;
  readonly fault: string;
  /** All that is wrong with its configuration, by its own keys; empty when something else is wrong. */
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
