import { z } from "zod";

export const configSchema = z
  .strictObject({
    /** `nats://host:port` or `tls://host:port`; several, with commas between them, are one cluster. */
    url: z
      .string()
      .refine((text) => text.split(",").every(isNatsUrl), "must be nats://host:port, without a user")
      .default("nats://127.0.0.1:4222"),
    /** Name of the object store, created when absent. */
    bucket: z
      .string()
      .regex(/^[-\w]{1,64}$/, "must be letters, digits, - and _")
      .default("hearth-blobs"),
    /** Servers of the cluster that keep each blob, when the object store is created. */
    replicas: z.int().min(1).max(5).default(1),
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    token: z.string().min(1).optional(),
    /** File with a JWT and its key, as `nsc` writes it. */
    credentialsFile: z.string().min(1).optional(),
    /** Talks TLS; without files it trusts what the system trusts. */
    tls: z
      .strictObject({
        caFile: z.string().min(1).exactOptional(),
        certFile: z.string().min(1).exactOptional(),
        keyFile: z.string().min(1).exactOptional(),
      })
      .optional(),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ["password"],
    message: "user and password go together",
  });

export type NatsConfig = z.output<typeof configSchema>;

function isNatsUrl(text: string): boolean {
  const url = URL.parse(text.trim());
  return url !== null && ["nats:", "tls:"].includes(url.protocol) && url.username === "" && url.password === "";
}
