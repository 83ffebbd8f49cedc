import type { Auth, ClientCertificate } from "../contract/mod.ts";

/** Rules that map certificates to principals. */
interface CertificateRule {
  readonly subject?: string | undefined;
  readonly alternativeName?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly id?: string | undefined;
  readonly roles: readonly string[];
}

export function createMtlsAuth(rules: readonly CertificateRule[]): Auth {
  return {
    admitsAnyone: false,
    credentialKinds: [{ type: "certificate", description: "A client certificate that the server knows." }],
    async authenticate({ certificate }, { signal }) {
      signal.throwIfAborted();
      if (certificate === undefined) return { kind: "absent" };
      for (const rule of rules) {
        const id = principalId(rule, certificate);
        if (id !== undefined) return { kind: "principal", principal: { id, roles: rule.roles } };
      }
      // For example in a mesh in which every machine has one: another plugin may authenticate the caller.
      return { kind: "absent" };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The principal of a certificate by a rule. Undefined when the certificate does not match. */
function principalId(rule: CertificateRule, certificate: ClientCertificate): string | undefined {
  const { subject, alternativeNames, fingerprint } = certificate;
  const name = alternativeNames.find((each) => matches(rule.alternativeName, each));
  if (rule.alternativeName !== undefined && name === undefined) return undefined;
  if (!matches(rule.subject, subject)) return undefined;
  // A fingerprint is public: timing reveals nothing.
  if (rule.fingerprint !== undefined && rule.fingerprint !== fingerprint) return undefined;
  if (rule.id !== undefined) return rule.id;
  if (rule.alternativeName !== undefined && name !== undefined) return name.slice(name.indexOf(":") + 1);
  return /(?:^|[^\\],)CN=((?:[^,\\]|\\.)+)/.exec(subject)?.[1] ?? subject;
}

/** `*` matches any text without a comma or slash, so that it stays within one part of a name. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const source = pattern.split("*").map(escapePattern).join("[^,/]*");
  return new RegExp(`^${source}$`).test(text);
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
