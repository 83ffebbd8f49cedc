/** Runs a tight loop in a sandbox until it is killed. Its argument is a cache folder. A test checks that no process remains. */
import { bundle, run, startSandbox, startTestRuntime } from "./mod.ts";

const [, , cacheDir = ""] = process.argv;
const runtime = await startTestRuntime({ spares: 1, cacheDir });
const sandbox = await startSandbox(runtime);
const job = run(sandbox, await bundle("export const job = ({ progress }) => { progress(0); while (true); };"));
await job.until("progress");
process.stdout.write("looping\n");
