/**
 * Writes a log into a file that proves itself anywhere: every record with its exact bytes, and a manifest, signed.
 * Promises: memory does not grow with the log; the file is there whole or not at all; a log that does not link is not
 * exported, and the failure says where it breaks.
 */
import { createHash } from 'node:crypto';
import type { FleetId } from '../../schemas/ids.ts';
import { type ChainCursor, emptyCursor } from '../eventlog/chain.ts';
import type { SigningKey } from '../proof/keys.ts';
import type { Clock } from '../std/clock.ts';
import { headerLine, lastLine, recordLine } from './export-lines.ts';
import { Linking } from './linked.ts';
import type { LogSource } from './log-source.ts';
import { type Manifest, signManifest } from './manifest.ts';
import { Marks } from './marks.ts';
import { type ProgressOptions, progressTeller } from './progress.ts';
import { writeWhole } from './write-whole.ts';

export interface ExportOptions {
  readonly path: string;
  readonly fleet: FleetId | null;
  /** Without one the file proves that it is whole, but not who wrote it. */
  readonly key?: SigningKey;
  readonly clock: Clock;
  readonly progress?: ProgressOptions;
  readonly signal: AbortSignal;
}

export async function exportLog(source: LogSource, options: ExportOptions): Promise<Manifest> {
  const exporting = new Exporting(options);
  await writeWhole({ path: options.path, gzip: true, lines: exporting.lines(source), signal: options.signal });
  return exporting.manifest;
}

class Exporting {
  readonly #options: ExportOptions;
  readonly #digest = createHash('sha256');
  readonly #marks = new Marks();
  #cursor: ChainCursor = emptyCursor;
  #records = 0;
  readonly #exportedAt: number;

  constructor(options: ExportOptions) {
    this.#options = options;
    this.#exportedAt = options.clock.now();
  }

  async *lines(source: LogSource): AsyncGenerator<string, void, undefined> {
    const { fleet, signal, progress, key } = this.#options;
    const tell = progressTeller(progress);
    let begun = false;
    const linking = new Linking(source);
    for await (const item of source.read({ fromSequence: 1, signal })) {
      const linked = await linking.take(item);
      if (linked === undefined) break;
      const { stored, record, cursor } = linked;
      if (!begun) yield this.#hashed(headerLine({ fleet, log: record.log }));
      begun = true;
      const { line, hash } = recordLine(stored);
      this.#cursor = cursor;
      this.#records += 1;
      this.#marks.take(hash, cursor.position);
      tell(cursor.position);
      yield this.#hashed(line);
    }
    if (!begun) yield this.#hashed(headerLine({ fleet, log: null }));
    const { manifest } = this;
    yield lastLine({ manifest, signature: key === undefined ? null : signManifest(manifest, key) });
  }

  /** What was written, once every line was. */
  get manifest(): Manifest {
    const { log, position, sequence, hash } = this.#cursor;
    const { fleet, key } = this.#options;
    return {
      format: 1,
      fleet,
      log,
      exportedAt: this.#exportedAt,
      first: 1,
      last: position,
      records: this.#records,
      lastSequence: sequence,
      lastHash: Buffer.from(hash).toString('hex'),
      digest: this.#digest.copy().digest('hex'),
      marks: { ...this.#marks.marked, hashes: [...this.#marks.marked.hashes] },
      key: key?.id ?? null,
    };
  }

  #hashed(line: string): string {
    this.#digest.update(line);
    return line;
  }
}
