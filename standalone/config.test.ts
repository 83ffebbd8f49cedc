import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";

test("parseConfig() has a default for everything", () => {
  expect(parseConfig([], {})).toEqual({
    listen: "127.0.0.1:8090",
    dataDir: ".hearth",
    nodes: 1,
    configFile: undefined,
    natsUrl: undefined,
  });
});

test("parseConfig() takes flags, and the NATS server from the environment", () => {
  const args = ["--listen", "127.0.0.1:0", "--data-dir", "/d", "--nodes", "3", "--config", "h.json"];
  expect(parseConfig(args, { NATS_URL: "nats://n:1" })).toEqual({
    listen: "127.0.0.1:0",
    dataDir: "/d",
    nodes: 3,
    configFile: "h.json",
    natsUrl: "nats://n:1",
  });
});

test("parseConfig() answers undefined when help is asked for", () => {
  expect(parseConfig(["--help"], {})).toBeUndefined();
});

test.each([
  [["--nodes", "0"], /--nodes "0"/],
  [["--nodes", "two"], /--nodes "two"/],
  [["--listen", "8090"], /--listen "8090"/],
  [["--port", "1"], /--port/],
])("parseConfig() names the flag at fault: %s", (args, message) => {
  expect(() => parseConfig(args, {})).toThrow(message);
});
