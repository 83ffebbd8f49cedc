/** What to try on a system that has just started: three lines for a shell in the root of the repository. */
export function nextSteps(url: string): string {
  const json = "-H 'content-type: application/json'";
  return `
Hearth runs at ${url}. Try:

  curl -T examples/jobs/word_count.ts ${url}/v1/binaries/words
  curl ${url}/v1/contexts ${json} -d '{"name":"demo"}'
  curl ${url}/v1/contexts/demo/jobs:run ${json} -d '{"binary":"words","entryPoint":"WordCount","config":{"input":{"string":"a b c a b see"}}}'

Ctrl-C stops it.
`;
}
