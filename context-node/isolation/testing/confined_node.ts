/** Starts isolation as a node does and prints, as one line of JSON, the walls and what a hostile program reports behind them. */
import { startHostile, startTestIsolation } from "./mod.ts";

const [, , source = "", bubblewrap = ""] = process.argv;
const tried: unknown[] = [];
const log = { info: (fields: object) => tried.push(fields), warn: (fields: object) => tried.push(fields) };
using isolation = await startTestIsolation({ bubblewrap: bubblewrap || undefined }, log);
const { output, errors, signal } = await startHostile(isolation, source).ended;
process.stdout.write(`${JSON.stringify({ walls: isolation.walls, tried, output, errors, signal })}\n`);
