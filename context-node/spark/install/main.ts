/** `npm run spark:install [-- <version>]`: installs Spark from PyPI into the user's cache. */
import { onEndRequest } from "../../../cluster/mod.ts";
import { driverJar, findToolchain, ToolchainError } from "../toolchain/mod.ts";
import { installSpark } from "./install.ts";
import { SPARK_VERSIONS } from "./versions.ts";

const USAGE = `npm run spark:install [-- <version>]

Downloads Spark (${SPARK_VERSIONS.join(", ")}; the first when none is named) by Python's pip into \${XDG_CACHE_HOME:-~/.cache}/hearth/spark,
where Hearth finds it. Needs about 1 GB of disk while it runs, half of it afterwards.`;

const [version] = process.argv.slice(2);
if (version === "--help" || version === "-h") console.log(USAGE);
else await install();

async function install(): Promise<void> {
  const asked = new AbortController();
  const { signal } = asked;
  onEndRequest(process, () => asked.abort());
  try {
    const home = await installSpark({ version, env: process.env, log: (line) => console.log(line), signal });
    await compileDriver(home, signal);
    console.log(`Spark is in ${home}. Hearth finds it there: npm start
For other programs: export SPARK_HOME=${home}`);
  } catch (error) {
    if (!(error instanceof ToolchainError) && !signal.aborted) throw error;
    console.error(signal.aborted ? "Interrupted: nothing was installed." : (error as Error).message);
    process.exitCode = 1;
  }
}

/** Compiles the driver now, so that the first Spark context does not wait for it. */
async function compileDriver(home: string, signal: AbortSignal): Promise<void> {
  try {
    const { compiler, libraries } = await findToolchain({ home, env: process.env, signal });
    await driverJar({ ...compiler, log: (line) => console.log(line) }, { libraries });
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    console.warn(`The driver of Spark contexts is not compiled yet: ${error.message}`);
  }
}
