/** Whether an export is what its manifest says, and whether the manifest is by whom it must be. Pure. */
import type { Position } from '../../schemas/ids.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import type { PublicKey } from '../proof/keys.ts';
import type { Finding, Flaw } from './finding.ts';
import type { Closing } from './log-source.ts';
import { isManifestSignedBy } from './manifest.ts';
import type { Marks } from './marks.ts';

/** What was read, whole in itself. */
export interface Read {
  readonly cursor: ChainCursor;
  readonly records: number;
  readonly marks: Pick<Marks, 'partsFrom'>;
  /** The last position that checkpoints in the log prove, and its record's sequence; 0: none. */
  readonly proven: Position;
  readonly provenSequence: number;
  readonly keyGiven: boolean;
  /** The trusted key of this id, if there is one. */
  readonly keyOf: (id: string) => PublicKey | undefined;
}

export type ClosingChecked =
  | { readonly status: 'right'; readonly signed: boolean }
  | { readonly status: 'wrong'; readonly finding: Finding };

export function checkClosing({ manifest, signature, digest }: Closing, read: Read): ClosingChecked {
  const { cursor, records, proven } = read;
  const wrong = (flaw: Flaw, position: Position, reason: string, sequence = 1): ClosingChecked => {
    const through = Math.max(position, cursor.position);
    return { status: 'wrong', finding: { flaw, position, through, sequence, reason } };
  };
  const signer = manifest.key === null ? undefined : read.keyOf(manifest.key);
  const signed = signer !== undefined && signature !== null && isManifestSignedBy(manifest, signature, signer);
  const parts = read.marks.partsFrom(manifest.marks);
  if (parts !== undefined) {
    const { record, position, through } = parts;
    const reason = `the chain is whole, but from about record ${record} on it is not the one that was exported`;
    const from = Math.max(position, proven + 1);
    return {
      status: 'wrong',
      finding: { flaw: 'forged', position: from, through: Math.max(from, through), sequence: record, reason },
    };
  }
  if (read.keyGiven && !signed) {
    const why =
      signature === null
        ? 'nobody signed its manifest (export with --key), and no checkpoint in it covers them'
        : 'its manifest is not signed by the key given';
    return wrong('forged', proven + 1, why, read.provenSequence + 1);
  }
  if (cursor.sequence < manifest.lastSequence) {
    const reason = `it ends at record ${cursor.sequence} of ${manifest.lastSequence}`;
    return wrong('cut', cursor.position + 1, reason, cursor.sequence + 1);
  }
  const lastHash = Buffer.from(cursor.hash).toString('hex');
  if (cursor.sequence !== manifest.lastSequence || records !== manifest.records) {
    return wrong(
      'inserted',
      manifest.last + 1,
      `it goes on behind record ${manifest.lastSequence}`,
      manifest.lastSequence + 1,
    );
  }
  if (lastHash !== manifest.lastHash || cursor.position !== manifest.last || cursor.log !== manifest.log) {
    return wrong(
      'forged',
      Math.max(1, cursor.position),
      'its last record is not the one that was exported',
      cursor.sequence,
    );
  }
  if (digest !== manifest.digest) return wrong('changed', 1, 'its records are whole, but its text was changed');
  return { status: 'right', signed };
}
