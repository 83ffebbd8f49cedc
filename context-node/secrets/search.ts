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
  /** The first at or behind a place; of those that begin at one place the longest. */
  next(text: string, from: number): Found | undefined;
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

/** Those of `next` up to a place, one after the other. */
export function* findAll({ next }: Search, text: string, end = text.length): Generator<Found> {
  for (let found = next(text, 0); found !== undefined && found.index < end; ) {
    yield found;
    found = next(text, found.index + found.form.length);
  }
}

/** Matches how the forms begin, in so many characters; of several at one place the longest. */
function patternOf(forms: readonly string[], length: number): RegExp {
  const beginnings = new Set(forms.map((form) => form.slice(0, length)));
  const longestFirst = [...beginnings].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(RegExp.escape).join("|"), "g");
}
