/** How far the host came: importing the module, checking what it describes, checking its configuration, starting it. */
export type PluginStep = "load" | "check" | "configure" | "start";

/** Why a plugin cannot be used, for the operator: which plugin, at which step, what is wrong. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  /** As the configuration names it. */
  readonly plugin: string;
  readonly step: PluginStep;

  constructor(plugin: string, step: PluginStep, { fault, cause }: { fault: string; cause?: unknown }) {
    super(`Cannot ${step} plugin "${plugin}": ${fault}`, { cause });
    this.plugin = plugin;
    this.step = step;
  }
}
