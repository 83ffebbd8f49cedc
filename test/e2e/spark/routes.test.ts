import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";
import { type Received, send } from "./client.ts";
import { fillIn, type Pair, patternOf } from "./pair.ts";
import { BINARIES } from "./pairs/binaries.ts";
import { CONFIGS } from "./pairs/configs.ts";
import { CONTEXT_LIFECYCLE } from "./pairs/context_lifecycle.ts";
import { CONTEXTS } from "./pairs/contexts.ts";
import { DATA } from "./pairs/data.ts";
import { JARS } from "./pairs/jars.ts";
import { JOBS } from "./pairs/jobs.ts";
import { PROGRAMS } from "./pairs/programs.ts";
import { RESULTS } from "./pairs/results.ts";
import { HEALTH, RULES } from "./pairs/rules.ts";
import { SUBMISSION } from "./pairs/submission.ts";
import { PROGRAM, packExamples } from "./programs.ts";

const GROUPS = [
  ...CONTEXTS,
  ...CONTEXT_LIFECYCLE,
  ...BINARIES,
  ...JARS,
  ...PROGRAMS,
  ...CONFIGS,
  ...SUBMISSION,
  ...JOBS,
  ...RESULTS,
  ...DATA,
  ...RULES,
  ...HEALTH,
];

const CONFIG = {
  gateway: {
    limits: { uploadBytes: 1_000_000 },
    allowedOrigins: ["https://page.example"],
    contexts: { standing: { "num-cpu-cores": 1 } },
    contextSettings: { everywhere: "yes" },
    jobConfig: { server: { says: "hello", port: 1 } },
    spark: { requestTimeoutMs: 8000 },
  },
};

let hearth: Hearth;
const kept = new Map<string, string>();

beforeAll(async () => {
  hearth = await startHearth({ config: CONFIG });
  const rest = createRest(hearth.url);
  await rest.upload("values", PROGRAM);
  await rest.upload("examples", Uint8Array.from(packExamples()));
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

for (const { title, pairs } of GROUPS) {
  describe(title, () => {
    test.each(pairs)("$says", async (pair) => {
      const wanted = patternOf(pair.answer, kept);
      let received = await ask(pair);
      if (pair.eventually) {
        await until(`${pair.request} answers ${wanted}`, async () => {
          received = await ask(pair);
          return wanted.test(received.text);
        });
      }
      expect(received.text).toMatch(wanted);
      expect(received.status).toBe(pair.status);
      for (const [name, value] of Object.entries(pair.answerHeaders ?? {})) {
        expect(received.headers[name], name).toBe(value);
      }
      for (const [name, pattern] of Object.entries(pair.keep ?? {}))
        kept.set(name, pattern.exec(received.text)?.[1] ?? "");
    });
  });
}

function ask({ request, headers, body }: Pair): Promise<Received> {
  const [method = "", ...target] = fillIn(
    request,
    new Map([...kept].map(([name, value]) => [name, encodeURI(value)])),
  ).split(" ");
  return send(hearth.url, {
    method,
    target: target.join(" "),
    headers,
    body: typeof body === "string" ? fillIn(body, kept) : body,
  });
}
