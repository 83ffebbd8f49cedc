/** A program that runs a tight loop in a sandbox until it is killed, with a cache folder as argument; for a test of what happens then. */
import { bundle, run, startSandbox, startTestRuntime } from "./mod.ts";

const [, , cacheDir = ""] = process.argv;
const runtime = await startTestRuntime({ spares: 1, cacheDir });
const sandbox = await startSandbox(runtime);
const job = run(sandbox, await bundle("export const job = ({ progress }) => { progress(0); while (true); };"));
await job.until("progress");
process.stdout.write("looping\n");
