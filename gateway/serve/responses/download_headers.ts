/** Types of which a browser would run scripts, as if the gateway had sent them itself. */
const PAGE = /^\s*(text\/html|application\/xhtml\+xml|image\/svg\+xml|(text|application)\/xml)\s*(;|$)/i;

/** Headers of bytes that somebody uploaded, or a job returned: a browser takes them for what they are said to be, and shows no page of them. */
export function downloadHeaders(contentType: string): Readonly<Record<string, string>> {
  return {
    "x-content-type-options": "nosniff",
    ...(PAGE.test(contentType) && { "content-disposition": "attachment" }),
  };
}
