/** Serves plugins for its parent: the message `{module, listen}` starts a server and is answered with its address; the address as a message ends that server. */
import { type PluginServer, startPluginServer } from "../../plugins/remote-server/mod.ts";

const log = { info() {}, warn() {} };
const servers = new Map<string, PluginServer>();

process.on("message", async (asked: { module: string; listen: string } | string) => {
  if (typeof asked === "string") {
    await servers.get(asked)?.[Symbol.asyncDispose]();
    servers.delete(asked);
    process.send?.({ ended: asked });
    return;
  }
  const { default: plugin } = await import(asked.module);
  const server = await startPluginServer(plugin, { listen: asked.listen, log });
  servers.set(server.address, server);
  process.send?.({ address: server.address, listen: asked.listen });
});
process.on("disconnect", () => process.exit());
