interface Face {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** Names of the auth plugins. */
  readonly auth: readonly string[];
  readonly natsUrl: string;
  /** File with the URL and password for subscribers. Absent if the NATS server is not ours. */
  readonly subscriberUrlFile: string | undefined;
}

interface Credentials {
  readonly plugin: string;
  /** Commands to run before. */
  readonly first: string;
  /** Options of curl. */
  readonly options: string;
}

/** How to present credentials of each auth plugin. The first that the gateway uses is shown. */
const CREDENTIALS: readonly Credentials[] = [
  {
    plugin: "auth-basic",
    first: "Say who you are first: export HEARTH_USER='name:password'",
    options: '-u "$HEARTH_USER"',
  },
  {
    plugin: "auth-api-key",
    first: "Say who you are first: export HEARTH_KEY='hk_…', a key of the keys file",
    options: '-H "Authorization: Bearer $HEARTH_KEY"',
  },
  {
    plugin: "auth-jwt",
    first: "Say who you are first: export HEARTH_TOKEN='…', a token of your issuer",
    options: '-H "Authorization: Bearer $HEARTH_TOKEN"',
  },
  {
    plugin: "auth-mtls",
    first: "Say who you are first: export HEARTH_CERT=client.crt HEARTH_CERT_KEY=client.key",
    options: '--cert "$HEARTH_CERT" --key "$HEARTH_CERT_KEY"',
  },
];

const ELSE = "Callers are asked who they are: add what your auth plugin wants to see.";

const UNVERIFIED =
  "-k leaves the server's certificate unchecked; --cacert FILE in its place checks it against the authority in FILE.";

/** Commands to try on a system that has just started, for a shell in the root of the repository. */
export function nextSteps({ url, auth, natsUrl, subscriberUrlFile }: Face): string {
  const credentials = CREDENTIALS.find(({ plugin }) => auth.includes(plugin));
  const isOpen = auth.length === 0 || auth.includes("auth-none");
  const hints = [...(isOpen ? [] : [credentials?.first ?? ELSE]), ...(url.startsWith("https:") ? [UNVERIFIED] : [])];
  const curl = ["curl", ...(url.startsWith("https:") ? ["-k"] : []), ...(isOpen ? [] : [credentials?.options ?? []])]
    .flat()
    .join(" ");
  const json = "-H 'content-type: application/json'";
  // Shells interpret the brackets of an IPv6 address as a pattern.
  const at = (path: string): string => (url.includes("[") ? `'${url}${path}'` : `${url}${path}`);
  return `
Hearth runs at ${url}. Try:
${hints.map((hint) => `\n  ${hint}`).join("")}${hints.length > 0 ? "\n" : ""}
  ${curl} -T examples/jobs/word_count.ts ${at("/v1/binaries/words")}
  ${curl} ${at("/v1/contexts")} ${json} -d '{"name":"demo"}'
  ${curl} ${at("/v1/contexts/demo/jobs:run")} ${json} -d '{"binary":"words","entryPoint":"WordCount","config":{"input":{"string":"a b c a b see"}}}'

The events of all jobs are on NATS at ${withoutCredentials(natsUrl)}, subjects hearth.v1.jobs.>, JetStream stream HEARTH.${subscription(subscriberUrlFile)}
Ctrl-C stops it.
`;
}

/** Shows the path of the file, not its content: others may read the output. */
function subscription(urlFile: string | undefined): string {
  if (urlFile === undefined) return "";
  const file = /^[\w./-]+$/.test(urlFile) ? urlFile : `'${urlFile.replaceAll("'", "'\\''")}'`;
  return `
Who has the URL in ${urlFile} may read them, and do nothing else:

  NATS_URL="$(cat ${file})" nats sub 'hearth.v1.jobs.>'
`;
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
