/** Texts kept in memory, in characters: the few binaries that are in use at a time. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** Texts by their digest, those that were used last in memory. */
export interface Texts {
  /** Rejects as `read` does, which is called once for all who ask meanwhile. */
  get(digest: string): Promise<string>;
}

export function createTexts(read: (digest: string) => Promise<string>): Texts {
  /** By digest, the one used last at the end. */
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
