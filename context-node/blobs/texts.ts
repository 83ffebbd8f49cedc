/** Size of the texts in memory, in characters: enough for the few binaries that are in use. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** The most recently used texts, by digest. */
export interface Texts {
  /** Rejects as `read` does. Concurrent calls share one read. */
  get(digest: string): Promise<string>;
}

export function createTexts(read: (digest: string) => Promise<string>): Texts {
  /** By digest, the most recently used one last. */
  const kept = new Map<string, string>();
  const reading = new Map<string, Promise<string>>();
  let characters = 0;

  function keep(digest: string, text: string): void {
    kept.set(digest, text);
    characters += text.length;
    for (const [oldest, { length }] of kept) {
      if (characters <= MOST_CHARACTERS || kept.size === 1) return;
      kept.delete(oldest);
      characters -= length;
    }
  }

  async function load(digest: string): Promise<string> {
    try {
      const text = await read(digest);
      keep(digest, text);
      return text;
    } finally {
      reading.delete(digest);
    }
  }

  return {
    async get(digest) {
      const known = kept.get(digest);
      if (known !== undefined) {
        kept.delete(digest);
        kept.set(digest, known);
        return known;
      }
      const loading = reading.get(digest) ?? load(digest);
      reading.set(digest, loading);
      return loading;
    },
  };
}
