/** What an export's last line says of all lines before it, and the signature under it. Pure. */
import { z } from 'zod';
import { FleetId, LogId, Position } from '../../schemas/ids.ts';
import { isSignedBy, type PublicKey, type SigningKey, signText } from '../proof/keys.ts';
import { marksMax } from './marks.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const Manifest = z.object({
  format: z.literal(1),
  fleet: FleetId.nullable(),
  log: LogId.nullable(),
  exportedAt: z.int(),
  /** Positions; an empty log has 1 and 0. */
  first: Position,
  last: Position,
  records: z.int().min(0),
  lastSequence: z.int().min(0),
  /** Of the last record; empty when there is none. */
  lastHash: z.union([sha256, z.literal('')]),
  /** SHA-256 over every line before this one, line ends included. */
  digest: sha256,
  marks: z.object({ every: z.int().min(1), hashes: z.array(sha256).max(marksMax) }),
  /** Whose signature stands beside it; null: nobody's. */
  key: z.string().nullable(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Base64. */
export function signManifest(manifest: Manifest, key: SigningKey): string {
  return signText(manifestText(manifest), key);
}

export function isManifestSignedBy(manifest: Manifest, signature: string, key: PublicKey): boolean {
  return manifest.key === key.id && isSignedBy(manifestText(manifest), signature, key);
}

/** JSON keeps the order of keys, and parsing by the schema gives them in the schema's. */
function manifestText(manifest: Manifest): string {
  return `muster export 1\n${JSON.stringify(Manifest.parse(manifest))}`;
}
