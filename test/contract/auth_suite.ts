import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Auth, AuthAnswer, Credentials, Principal } from "../../plugins/contract/mod.ts";

/** The back end of an auth plugin: its file, its issuer. Disposed after the plugins that were started on it. */
export interface AuthBackEnd extends AsyncDisposable {
  /** Starts the plugin; several may run at a time. */
  open(): Promise<Auth>;
  /** Credentials that are good, and whose they are. */
  readonly good: { readonly credentials: Credentials; readonly principal: Principal };
  /** Invalid credentials of the plugin's kind, by the problem. Empty for a plugin that refuses nobody. */
  readonly bad: Readonly<Record<string, Credentials>>;
  /** Texts that no result and no error may contain. */
  readonly secrets: readonly string[];
}

/** Credentials out of headers alone. */
export function credentialsWith(headers: Readonly<Record<string, string>>): Credentials {
  return { headers: new Headers(headers), peer: "127.0.0.1" };
}

const { signal } = new AbortController();

/** Checks every promise of `Auth`. `createBackEnd` makes a back end, a new one for each test. */
export function describeAuth(name: string, createBackEnd: () => Promise<AuthBackEnd>): void {
  describe(`${name} keeps the contract of Auth`, () => {
    test("valid credentials return their principal, repeatedly and concurrently", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      const { credentials, principal } = backEnd.good;

      const first = await auth.authenticate(credentials, { signal });
      const more = await Promise.all(Array.from({ length: 10 }, () => auth.authenticate(credentials, { signal })));

      expect(first).toMatchObject({ kind: "principal", principal });
      for (const answer of more) expect(answer).toEqual(first);
    });

    test("invalid credentials are refused with a reason and without secrets", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      for (const [what, credentials] of Object.entries(backEnd.bad)) {
        const answer = await auth.authenticate(credentials, { signal });
        expect(answer, what).toMatchObject({ kind: "refused", reason: expect.stringMatching(/./) });
        expectHeaderValue(answer);
        for (const secret of backEnd.secrets) expect(JSON.stringify(answer), what).not.toContain(secret);
      }
    });

    test("invalid and valid credentials do not affect each other", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      const { good, bad } = backEnd;
      for (const credentials of Object.values(bad)) {
        expect(await auth.authenticate(good.credentials, { signal })).toMatchObject({ kind: "principal" });
        expect(await auth.authenticate(credentials, { signal })).toMatchObject({ kind: "refused" });
      }
    });

    test("a request without credentials is absent, or admitted if anyone is", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      const answer = await auth.authenticate(credentialsWith({}), { signal });
      expect(answer.kind).toBe(auth.admitsAnyone ? "principal" : "absent");
      expectHeaderValue(answer);
    });

    test("credentials of an unheard-of kind are absent", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      const { kind } = await auth.authenticate(credentialsWith({ authorization: "Quipu knot-knot" }), { signal });
      expect(kind).toBe(auth.admitsAnyone ? "principal" : "absent");
    });

    test("arbitrary texts are not credentials and break nothing", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      const scheme = fc.constantFrom("Basic", "basic ", "Bearer", "BEARER  ", "Bearer hk_", "Digest", "");
      const rest = fc.oneof(
        fc.base64String(),
        fc.string({ unit: "binary-ascii" }),
        fc.constantFrom("a.b.c", "...", "Og=="),
      );
      const property = fc.asyncProperty(scheme, rest, async (first, second) => {
        const value = `${first} ${second}`.replaceAll(/[^\t\x20-\x7e]/g, "");
        const answer = await auth.authenticate(credentialsWith({ authorization: value, "x-api-key": value }), {
          signal,
        });
        expect(answer.kind).not.toBe(auth.admitsAnyone ? "refused" : "principal");
        expectHeaderValue(answer);
      });
      await fc.assert(property, { numRuns: 30 });
    });

    test("authenticate() rejects with its signal's reason", async () => {
      await using backEnd = await createBackEnd();
      await using auth = await backEnd.open();
      const reason = new Error("enough");
      const asked = auth.authenticate(backEnd.good.credentials, { signal: AbortSignal.abort(reason) });
      await expect(asked).rejects.toBe(reason);
    });

    test("another one on the same back end knows the same principals", async () => {
      await using backEnd = await createBackEnd();
      await using first = await backEnd.open();
      await using second = await backEnd.open();
      const { credentials } = backEnd.good;
      expect(await second.authenticate(credentials, { signal })).toEqual(
        await first.authenticate(credentials, { signal }),
      );
    });
  });
}

/** Challenges go into headers: a line break would make another one. */
function expectHeaderValue(answer: AuthAnswer): void {
  const challenge = answer.kind === "principal" ? undefined : answer.challenge;
  if (challenge !== undefined) expect(challenge).toMatch(/^[A-Za-z][\x20-\x7e]*$/);
}
