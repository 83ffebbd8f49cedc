import { jetstreamManager } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";

/** Changes a byte of the last chunk of a blob in the stream. */
export async function damageBlob(digest: string, { url, bucket }: { url: string; bucket: string }): Promise<void> {
  const connection = await connect({ servers: url });
  const jsm = await jetstreamManager(connection);
  const objects = await new Objm(connection).open(bucket);
  const subject = `$O.${bucket}.C.${(await objects.info(digest))?.nuid}`;
  const last = await jsm.streams.getMessage(`OBJ_${bucket}`, { last_by_subj: subject });
  if (!last) throw new Error(`There is no blob ${digest}`);
  await jsm.streams.deleteMessage(`OBJ_${bucket}`, last.seq);
  await jsm.jetstream().publish(
    subject,
    last.data.map((byte, n) => (n === 1000 ? byte ^ 1 : byte)),
  );
  await connection.close();
}
