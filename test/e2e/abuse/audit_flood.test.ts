import { request } from "node:http";
import http2 from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const stack = new AsyncDisposableStack();
const admin = basicProof("admin", passwordOf("admin"));
const lines: string[] = [];
let hearth: Hearth;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const file = await writeUsers(path, { admin: ["admin"], nobody: [] });
  hearth = stack.use(
    await startHearth({
      nodes: 0,
      headers: admin,
      onLine: (line) => lines.push(line),
      config: {
        gateway: {
          auth: [{ plugin: "hearth:auth-basic", config: { file } }],
          roles: { admin: { permissions: ["*"] } },
          limits: { failedLoginsPerMinute: 10_000 },
        },
      },
    }),
  );
});

afterAll(() => stack.disposeAsync());

interface Entry {
  readonly principal?: string;
  readonly action: string;
  readonly times: number;
}

async function readAudit(): Promise<Entry[]> {
  const entries: Entry[] = [];
  let token = "";
  do {
    const response = await fetch(`${hearth.url}/v1/audit?page_size=1000&page_token=${token}`, { headers: admin });
    const page = (await response.json()) as { entries?: Entry[]; nextPageToken?: string };
    entries.push(...(page.entries ?? []));
    token = page.nextPageToken ?? "";
  } while (token !== "");
  return entries;
}

/** Sends a request on any connection and resolves to its status. */
function send(path: string, headers: Record<string, string>): Promise<number | undefined> {
  const { hostname, port } = new URL(hearth.url);
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      path,
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
    });
    sent.on("error", reject).on("response", (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.end("{}");
  });
}

/** Callers who are not let in, by what they make up. */
const STRANGERS: Readonly<Record<string, (number: number) => Promise<number | undefined>>> = {
  "names of methods": (number) => send(`/hearth.v1.JobService/${number}${"x".repeat(8000)}`, {}),
  "paths below a method": (number) => send(`/hearth.v1.JobService/ListJobs/${number}${"x".repeat(8000)}`, {}),
  "paths of REST": (number) => send(`/v1/jobs/${number}${"x".repeat(8000)}:cancel`, {}),
  "paths of spark-jobserver": (number) => send(`/jars/${number}${"x".repeat(8000)}`, {}),
  users: (number) => send("/v1/jobs", basicProof(`made-up-${number}-${"x".repeat(4000)}`, "x")),
  "names over HTTP/2": async (number) => {
    const session = http2.connect(hearth.url);
    const stream = session.request({
      ":method": "POST",
      ":path": `/hearth.v1.JobService/${number}${"x".repeat(8000)}`,
    });
    const status = await new Promise<number | undefined>((resolve) =>
      stream.on("response", (head) => resolve(head[":status"])),
    );
    session.close();
    return status;
  },
};

test("a flood of unauthenticated requests writes a bounded number of audit entries and log lines", async () => {
  lines.length = 0;
  for (const [what, knock] of Object.entries(STRANGERS)) {
    // Each password takes its time.
    for (let number = 0; number < (what === "users" ? 20 : 200); number += 20) {
      const statuses = await Promise.all(Array.from({ length: 20 }, (_, index) => knock(number + index)));
      // 503: more passwords to check than the gateway takes on at a time.
      for (const status of statuses) expect([401, 503]).toContain(status);
    }
  }
  await until("the refusals are in the audit log", async () => (await readAudit()).length > 0);
  const entries = (await readAudit()).filter(({ principal }) => principal === undefined || principal === "");
  // The budget, and what it regains while the flood lasts.
  expect(entries.length).toBeLessThan(120);
  expect(JSON.stringify(entries)).not.toContain("x".repeat(300));
  expect(new Set(entries.map(({ action }) => action)).size).toBeLessThan(10);
  expect(lines.length).toBeLessThan(150);
  expect(lines.join("").length).toBeLessThan(150_000);
});

test("denied requests for made-up names write a bounded number of audit entries", async () => {
  const proof = basicProof("nobody", passwordOf("nobody"));
  for (let number = 0; number < 50; number++) {
    expect(await send(`/v1/contexts/c${number}${"x".repeat(6000)}:stop`, proof)).toBe(403);
  }
  await until("the refusals are in the audit log", async () =>
    (await readAudit()).some(({ principal }) => principal === "nobody"),
  );
  expect(JSON.stringify(await readAudit())).not.toContain("x".repeat(300));
});
