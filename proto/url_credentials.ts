/** A URL, valid or not, without the user and password. Unchanged if it has none. */
export function withoutCredentials(text: string): string {
  const url = URL.parse(text);
  // An invalid URL may still have them.
  if (url === null) return text.includes("@") ? `***${text.slice(text.lastIndexOf("@"))}` : text;
  if (url.username === "" && url.password === "") return text;
  url.username = "***";
  url.password = "";
  return url.href;
}
