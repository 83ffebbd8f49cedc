/** Of a form so much is looked for first: a pattern of long texts would be too large. */
const HEAD_LENGTH = 16;

/** A form that stands in a text. */
export interface Found {
  readonly index: number;
  readonly form: string;
}

/** Finds texts in a text. */
export interface Search {
  /** In order, without overlaps; of those that begin at one place the longest. */
  find(text: string): Found[];
  /** The longest end of the text that one of the forms goes on from; at least `least` characters of it. Its form and length. */
  findBegun(text: string, options: { least: number }): { readonly form: string; readonly length: number } | undefined;
  /** Length of the longest form. */
  readonly longest: number;
}

export function createSearch(texts: Iterable<string>): Search {
  const forms = [...texts].sort((a, b) => b.length - a.length);
  const heads = new Set(forms.map((form) => RegExp.escape(form.slice(0, HEAD_LENGTH))));
  const source = [...heads].join("|");
  const longest = forms[0]?.length ?? 0;

  return {
    longest,
    find(text) {
      const pattern = new RegExp(source, "g");
      const found: Found[] = [];
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        const { index } = match;
        const form = forms.find((each) => text.startsWith(each, index));
        if (form !== undefined) found.push({ index, form });
        pattern.lastIndex = index + (form?.length ?? 1);
      }
      return found;
    },
    findBegun(text, { least }) {
      for (let length = Math.min(longest - 1, text.length); length >= least; length--) {
        const end = text.slice(-length);
        const form = forms.find((each) => each.length > length && each.startsWith(end));
        if (form !== undefined) return { form, length };
      }
      return undefined;
    },
  };
}
