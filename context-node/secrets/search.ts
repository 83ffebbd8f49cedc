/** Of a form so much is looked for first: a pattern of long texts would be too large. */
const HEAD_LENGTH = 16;

/** So much of a form's beginning, at the end of a text, is taken for it. */
const LEAST_BEGUN = 4;

/** A form that stands in a text. */
export interface Found {
  readonly index: number;
  readonly form: string;
}

/** Finds certain texts, the forms, in a text. */
export interface Search {
  /** In order, without overlaps; of those that begin at one place the longest. */
  find(text: string): Found[];
  /** The first place from which on the text, to its end, is how a form begins: at least four characters of it. */
  findBegun(text: string): Found | undefined;
  /** Length of the longest form. */
  readonly longest: number;
}

export function createSearch(texts: Iterable<string>): Search {
  const forms = [...texts].sort((a, b) => b.length - a.length);
  const heads = patternOf(forms, HEAD_LENGTH);
  const beginnings = patternOf(forms, LEAST_BEGUN);
  const longest = forms[0]?.length ?? 0;

  return {
    longest,
    find(text) {
      const found: Found[] = [];
      heads.lastIndex = 0;
      for (let match = heads.exec(text); match !== null; match = heads.exec(text)) {
        const { index } = match;
        const form = forms.find((each) => text.startsWith(each, index));
        if (form !== undefined) found.push({ index, form });
        heads.lastIndex = index + (form?.length ?? 1);
      }
      return found;
    },
    findBegun(text) {
      beginnings.lastIndex = Math.max(0, text.length - longest + 1);
      for (let match = beginnings.exec(text); match !== null; match = beginnings.exec(text)) {
        const { index } = match;
        const end = text.slice(index);
        const form = forms.find((each) => each.length > end.length && each.startsWith(end));
        if (form !== undefined) return { index, form };
        beginnings.lastIndex = index + 1;
      }
      return undefined;
    },
  };
}

/** Matches how the forms begin, in so many characters; of several at one place the longest. */
function patternOf(forms: readonly string[], length: number): RegExp {
  const beginnings = new Set(forms.map((form) => form.slice(0, length)));
  const longestFirst = [...beginnings].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(RegExp.escape).join("|"), "g");
}
