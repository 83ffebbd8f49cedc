import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

const EXAMPLES = resolve(import.meta.dirname, "../../../examples/jobs");

/** spark-jobserver's example jobs as a tarball. */
export function packExamples(): Buffer {
  return execFileSync("tar", ["-cz", "-C", EXAMPLES, "spark-jobserver"]);
}

/** Jobs that show how values of each kind are answered, and what else the examples do not show. */
export const PROGRAM = `
export const Bigints = () => [9007199254740991n, 9007199254740993n];
export const Dates = () => new Date("2016-07-04T09:09:57.928Z");
export const Maps = () => new Map([["a", new Map([["b", 1]])]]);
export const Sets = () => new Set([1, 2]);
export const Nothing = () => undefined;
export const Null = () => null;
export const NotNumbers = () => [NaN, Infinity, 1];
export const Bytes = () => new Uint8Array([1, 2, 3]);
export const Words = () => new Uint16Array([1, 2, 65535]);
export const Buffered = () => new Uint8Array([1, 2, 3]).buffer;
export const NotANumber = () => NaN;
export const Text = () => "é";
export const Cycle = () => { const self = { inner: {} }; self.inner.self = self; return self; };
export const Functions = () => ({ call: () => 1 });
export const Nested = () => ({ first: [1, 2, ["a", "b"]], second: { K: { one: 1 } } });
export const Big = ({ config }) => "x".repeat(config.length);
export const Echo = ({ config }) => config;
export const Settings = ({ context }) => context.settings;
export const Picky = { validate: () => ["first problem", "second problem"], run: () => 1 };
export const ThrowsInValidate = { validate() { throw new RangeError("validate broke"); }, run: () => 1 };
export const Stubborn = async ({ signal }) => { for (;;) await new Promise((done) => setTimeout(done, 1000)); };
export const Slow = async ({ config, signal }) => {
  await new Promise((done, fail) => {
    const timer = setTimeout(done, config.ms ?? 60_000);
    signal.addEventListener("abort", () => { clearTimeout(timer); fail(signal.reason); });
  });
  return "done";
};
export const AwaitsFile = async ({ config, data }) => {
  while (!(await data.list()).includes(config.file)) await new Promise((done) => setTimeout(done, 20));
};
export const ReadsFile = async ({ config, data }) => data.text(config.file);
`;
