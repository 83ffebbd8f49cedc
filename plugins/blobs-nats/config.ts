import { z } from "zod";
import { readableFile } from "../files/mod.ts";

export const configSchema = z
  .strictObject({
    url: z
      .string()
      .refine((text) => text.split(",").every(isNatsUrl), "must be nats://host:port, without a user")
      .default("nats://127.0.0.1:4222")
      .describe("`nats://host:port` or `tls://host:port`; several, with commas between them, are one cluster"),
    bucket: z
      .string()
      .regex(/^[-\w]{1,64}$/, "must be letters, digits, - and _")
      .default("hearth-blobs")
      .describe("Name of the object store, created when absent"),
    replicas: z
      .int()
      .min(1)
      .max(5)
      .default(1)
      .describe("Servers of the cluster that keep each blob, when the object store is created"),
    user: z.string().min(1).optional().describe("Name of a NATS user with a password"),
    password: z.string().min(1).optional().describe("The password of `user`"),
    token: z.string().min(1).optional().describe("A token of NATS"),
    credentialsFile: readableFile.optional().describe("File with a JWT and its key, as `nsc` writes it"),
    tls: z
      .strictObject({
        caFile: readableFile
          .exactOptional()
          .describe(
            "PEM file of the authorities that the server's certificate must be of; default those of the system",
          ),
        certFile: readableFile.exactOptional().describe("PEM file of a certificate, for a server that asks for one"),
        keyFile: readableFile.exactOptional().describe("PEM file of its key"),
      })
      .optional()
      .describe("Talks TLS; `{}` trusts what the system trusts"),
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
