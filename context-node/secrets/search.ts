/** Length of the prefixes that are searched first: a pattern of long texts would be too large. */
const HEAD_LENGTH = 16;

/** Shortest beginning of a form at the end of a text that counts as the form, in characters. */
const LEAST_BEGUN = 4;

/** A match of a form. */
export interface Found {
  readonly index: number;
  readonly form: string;
}

/** Searches a text for forms. */
export interface Search {
  /** The first match at or after a position, the longest of several at one position. */
  next(text: string, from: number): Found | undefined;
  /** The first position from which the rest of the text is the beginning of a form: at least four characters. */
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
    next(text, from) {
      heads.lastIndex = from;
      for (let match = heads.exec(text); match !== null; match = heads.exec(text)) {
        const { index } = match;
        const form = forms.find((each) => text.startsWith(each, index));
        if (form !== undefined) return { index, form };
        heads.lastIndex = index + 1;
      }
      return undefined;
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

/** The matches of `next` up to a position, one after the other. */
export function* findAll({ next }: Search, text: string, end = text.length): Generator<Found> {
  for (let found = next(text, 0); found !== undefined && found.index < end; ) {
    yield found;
    found = next(text, found.index + found.form.length);
  }
}

/** Matches the beginnings of the forms, the longest first. */
function patternOf(forms: readonly string[], length: number): RegExp {
  const beginnings = new Set(forms.map((form) => form.slice(0, length)));
  const longestFirst = [...beginnings].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(RegExp.escape).join("|"), "g");
}
