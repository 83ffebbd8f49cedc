import { afterAll, beforeAll, expect, test } from "vitest";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startHttpReceiver } from "../../http/receiver.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { type Received, send } from "./client.ts";
import { PROGRAM } from "./programs.ts";

const stack = new AsyncDisposableStack();
let hearth: Hearth;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const users = await writeUsers(path, { ann: ["user"], "ann~b": ["user"], "9th": ["user"], runner: ["runner"] });
  hearth = stack.use(
    await startHearth({
      headers: basicProof("ann", passwordOf("ann")),
      config: {
        gateway: {
          spark: { useAsProxyUser: true, programs: { allow: ["127.0.0.1"] } },
          auth: [{ plugin: "hearth:auth-basic", config: { file: users } }],
          roles: { user: { permissions: ["*"] }, runner: { permissions: ["jobs"] } },
        },
      },
    }),
  );
  await ask("ann", "POST /jars/values", PROGRAM);
  await ask("ann", "POST /contexts/mine");
  await ask("ann~b", "POST /contexts/mine?spark.proxy.user=root");
});

afterAll(() => stack.disposeAsync());

test("with useAsProxyUser two users have a context of one name each, and see their own only", async () => {
  const [anns, bs] = [await ask("ann", "GET /contexts/mine"), await ask("ann~b", "GET /contexts/mine")];
  expect([anns, bs].map(({ text }) => JSON.parse(text).name)).toEqual(["mine", "mine"]);
  expect(JSON.parse(anns.text).id).not.toBe(JSON.parse(bs.text).id);
  expect([await ask("ann", "GET /contexts"), await ask("ann~b", "GET /contexts")]).toMatchObject([
    { text: '["mine"]' },
    { text: '["mine"]' },
  ]);
});

test("with useAsProxyUser jobs run in contexts of the user who calls, in its name whatever it says", async () => {
  const settings = "POST /jobs?appName=values&classPath=Settings&sync=true";
  const ran = [
    await ask("ann", `${settings}&context=mine`),
    await ask("ann~b", `${settings}&context=mine`),
    await ask("ann", `${settings}&spark.proxy.user=root`, "spark.context-settings.spark.proxy.user = root"),
    await ask("ann", settings, 'spark.context-settings { "spark.proxy.user" = root }'),
  ].map(({ text }) => JSON.parse(text));
  expect(ran.map(({ result }) => result.spark.proxy.user)).toEqual(["ann", "ann~b", "ann", "ann"]);
  expect(ran[3].result).not.toHaveProperty(["spark.proxy.user"]);
  const reports = await Promise.all(ran.map(({ jobId }) => ask("ann", `GET /jobs/${jobId}`)));
  expect(reports.map(({ text }) => JSON.parse(text).context)).toEqual([
    "ann~mine",
    "ann~~b~mine",
    expect.stringMatching(/^ann~[0-9a-f]{8}-Settings$/),
    expect.stringMatching(/^ann~[0-9a-f]{8}-Settings$/),
  ]);
});

test("with useAsProxyUser nobody names another in /v1 either", async () => {
  const headers = { ...basicProof("ann", passwordOf("ann")), "content-type": "application/json" };
  const create = (user: string) =>
    send(hearth.url, {
      ...{ method: "POST", target: "/v1/contexts/named", headers },
      body: JSON.stringify({ settings: { "spark.proxy": { user } } }),
    });
  const refused = await create("root");
  expect(refused.status).toBe(403);
  expect(JSON.parse(refused.text).message).toMatch(/^Cannot run a context in the name of "root": /);
  expect((await create("ann")).status).toBe(200);
  expect((await ask("ann", "DELETE /v1/contexts/named")).status).toBe(200);
});

test.each(["ann~mine", "~b~mine", "ann~~b~mine"])(
  "with useAsProxyUser nobody reaches another's context by %s",
  async (name) => {
    const answers = [await ask("ann", `GET /contexts/${name}`), await ask("ann", `DELETE /contexts/${name}`)];
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    const { status } = await ask("ann", `POST /jobs?appName=values&classPath=Null&context=${name}`);
    expect(status).toBe(404);
  },
);

test("with useAsProxyUser errors name contexts as their users do", async () => {
  expect([
    await ask("ann", "POST /contexts/mine"),
    await ask("ann", "DELETE /contexts/none"),
    await ask("ann", "POST /jobs?appName=values&classPath=Null&context=none"),
  ]).toMatchObject([
    { status: 400, text: '{"status":"ERROR","result":"context mine exists"}' },
    { status: 404, text: '{"status":"ERROR","result":"context none not found"}' },
    { status: 404, text: '{"status":"ERROR","result":"context none not found"}' },
  ]);
});

test("with useAsProxyUser a user whose name no context's name can have is told so", async () => {
  const answers = [
    await ask("9th", "POST /contexts/any"),
    await ask("9th", "POST /jobs?appName=values&classPath=Null&sync=true"),
  ];
  expect(answers.map(({ status, text }) => [status, JSON.parse(text).result])).toEqual(
    answers.map(() => [400, expect.stringMatching(/^Cannot name contexts of "9th": /)]),
  );
});

test("with useAsProxyUser a user stops its own context", async () => {
  await ask("ann", "POST /contexts/passing");
  expect((await ask("ann", "POST /contexts/passing/restart")).text).toContain("Context restarted");
  expect((await ask("ann", "DELETE /contexts/passing")).text).toContain("Context stopped");
  expect((await ask("ann~b", "GET /contexts")).text).toBe('["mine"]');
});

test("who may start jobs but upload nothing has nothing fetched", async () => {
  await using source = await startHttpReceiver((response) => response.end("export const Job = () => 1;"));
  const job = `POST /jobs?cp=${encodeURIComponent(`${source.url}/a.ts`)}&mainClass=Job&sync=true`;
  const refused = await ask("runner", job);
  expect({ status: refused.status, text: refused.text, asked: source.received.length }).toEqual({
    status: 403,
    text: "The supplied authentication is not authorized to access this resource",
    asked: 0,
  });
  expect((await ask("ann", job)).status).toBe(200);
});

function ask(user: string, request: string, body = ""): Promise<Received> {
  const [method = "", target = ""] = request.split(" ");
  return send(hearth.url, { method, target, headers: basicProof(user, passwordOf(user)), body });
}
