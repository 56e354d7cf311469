/**
 * NATS's object-store format (ADR-20 of nats-architecture-and-design): subjects, the JSON that describes an object,
 * its digest. Pure.
 */
import { type Hash, createHash } from 'node:crypto';
import { Failure } from '../std/failure.ts';

export interface ObjectMeta {
  readonly name: string;
  readonly bucket: string;
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  /** `SHA-256=` and the padded base64url of the hash; empty for a removed object. */
  readonly digest: string;
  readonly mtime?: string;
  readonly options?: unknown;
  readonly deleted?: boolean;
}

export interface BucketNames {
  readonly stream: string;
  /** Followed by the upload's id. */
  readonly chunks: string;
  /** Followed by the encoded name. */
  readonly metas: string;
  metaOf(name: string): string;
}

export function bucketNames(bucket: string): BucketNames {
  const metas = `$O.${bucket}.M.`;
  const metaOf = (name: string) => metas + padded(Buffer.from(name).toString('base64url'));
  return { stream: `OBJ_${bucket}`, chunks: `$O.${bucket}.C.`, metas, metaOf };
}

export function digestOf(data: Uint8Array | Hash): string {
  const hash = data instanceof Uint8Array ? createHash('sha256').update(data) : data;
  return `SHA-256=${padded(hash.digest('base64url'))}`;
}

export function encodeMeta(meta: ObjectMeta): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(meta));
}

/** Checks what the reader relies on: another tool may have written it. */
export function parseMeta(data: Uint8Array): ObjectMeta {
  let meta: Partial<ObjectMeta>;
  try {
    meta = JSON.parse(new TextDecoder().decode(data));
  } catch (cause) {
    throw new Failure({ code: 'malformed', retryable: false, message: 'an object description is not JSON', cause });
  }
  const size = meta.size ?? 0;
  const isSound =
    typeof meta.name === 'string' && typeof meta.nuid === 'string' && Number.isSafeInteger(size) && size >= 0;
  if (!isSound)
    throw new Failure({ code: 'malformed', retryable: false, message: 'an object description lacks fields' });
  return { chunks: 0, digest: '', ...meta, size } as ObjectMeta;
}

/** NATS pads its base64url; Node does not. */
function padded(text: string): string {
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}
