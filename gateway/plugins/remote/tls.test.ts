import { readFile } from "node:fs/promises";
import { ServerCredentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import memory from "../../../plugins/dao-memory/mod.ts";
import { startPluginServer } from "../../../plugins/remote-server/mod.ts";
import { createAuthority } from "../../../test/auth/certificates.ts";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { startRemote } from "../../../test/plugins/server.ts";

test("grpcs:// requires gateway and plugin to trust each other's CA", async () => {
  await using directory = await createTemporaryDirectory();
  const ours = await createAuthority(directory.path, "ours");
  const theirs = await createAuthority(directory.path, "theirs");
  const plugin = await ours.issue("plugin", { name: "plugin" });
  const gateway = await ours.issue("gateway", { name: "gateway" });
  const stranger = await theirs.issue("stranger", { name: "gateway" });
  const pair = { cert_chain: await readFile(plugin.cert), private_key: await readFile(plugin.key) };
  const credentials = ServerCredentials.createSsl(await readFile(ours.ca), [pair], true);
  await using served = await startPluginServer(memory, {
    listen: "127.0.0.1:0",
    log: { info() {}, warn() {} },
    credentials,
  });
  const address = served.address.replace("grpc://127.0.0.1", "grpcs://localhost");
  const start = (tls: Record<string, string>) => startRemote("dao", address, tls);
  const shown = { certFile: gateway.cert, keyFile: gateway.key };

  await using started = await start({ caFile: ours.ca, ...shown });
  await started.checkHealth();

  const wrong = { certFile: stranger.cert, keyFile: stranger.key };
  await expect(start({ caFile: ours.ca, ...wrong }), "a stranger's certificate").rejects.toMatchObject({
    step: "load",
  });
  await expect(start({ caFile: ours.ca }), "no certificate").rejects.toMatchObject({ step: "load" });
  await expect(start({ caFile: theirs.ca, ...shown }), "a stranger's plugin").rejects.toMatchObject({ step: "load" });
  await expect(startRemote("dao", served.address), "no TLS").rejects.toMatchObject({ step: "load" });
  await expect(start({ caFile: "/absent.pem" })).rejects.toMatchObject({ step: "configure" });
  await expect(start({ certFile: gateway.cert })).rejects.toThrow("certFile and keyFile come together");
});
