const WIDTH = 40;

/** A progress bar on a terminal, or one line for each tenth elsewhere. */
export interface ProgressBar {
  show(fraction: number, message: string): void;
  /** Ends the bar in its current state. */
  end(): void;
}

export function createProgressBar(output: NodeJS.WriteStream): ProgressBar {
  let shown = -1;
  return {
    show(fraction, message) {
      const tenth = Math.floor(fraction * 10);
      if (!output.isTTY && tenth === shown) return;
      shown = tenth;
      const filled = Math.round(fraction * WIDTH);
      const bar = `  [${"█".repeat(filled)}${"·".repeat(WIDTH - filled)}] ${Math.round(fraction * 100)} % ${message}`;
      output.write(output.isTTY ? `\r\u001b[K${bar}` : `${bar}\n`);
    },
    end() {
      if (output.isTTY) output.write("\n");
    },
  };
}
