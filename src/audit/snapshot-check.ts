/** Whether a fold from zero gives what each snapshot says. One is held at a time: a large fleet's is large. */
import { isDeepStrictEqual } from 'node:util';
import type { FleetState } from '../domain/state.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import type { ObjectBucket } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import { freezeState, thawState } from '../snapshots/frozen-state.ts';
import { readSnapshot } from '../snapshots/shelf.ts';
import { parseSnapshotName, type SnapshotName } from '../snapshots/snapshot.ts';
import type { Finding } from './finding.ts';

export interface SnapshotsChecked {
  readonly equal: number;
  /** Of another log, or of a record that is not in this one: no start uses it. */
  readonly strange: readonly string[];
  /** Of another fold than this program's, or gone meanwhile: no start of this program uses it. */
  readonly unread: readonly string[];
}

export class SnapshotCheck {
  readonly #bucket: Pick<ObjectBucket, 'get'>;
  /** Still to come, by position. */
  #names: SnapshotName[];
  #equal = 0;
  readonly #strange: string[] = [];
  readonly #unread: string[] = [];

  private constructor(bucket: Pick<ObjectBucket, 'get'>, names: SnapshotName[]) {
    this.#bucket = bucket;
    this.#names = names;
  }

  static async open(bucket: Pick<ObjectBucket, 'get' | 'list'>): Promise<SnapshotCheck> {
    const names = (await bucket.list()).flatMap(({ name }) => parseSnapshotName(name) ?? []);
    return new SnapshotCheck(
      bucket,
      names.sort((a, b) => a.position - b.position),
    );
  }

  get checked(): SnapshotsChecked {
    return {
      equal: this.#equal,
      strange: [...this.#strange, ...this.#names.map(({ name }) => name)],
      unread: this.#unread,
    };
  }

  /** Whether a snapshot may be of this place: asked of every record, so it must be cheap. */
  concerns({ position }: ChainCursor): boolean {
    const [next] = this.#names;
    return next !== undefined && next.position <= position;
  }

  async check(cursor: ChainCursor, state: FleetState): Promise<Finding | undefined> {
    const hash = Buffer.from(cursor.hash).toString('hex');
    const due = this.#names.filter((name) => name.position === cursor.position && hash.startsWith(name.hash));
    for (const { name, position } of this.#names) if (position < cursor.position) this.#strange.push(name);
    // Several records may end at one position, barriers among them: the rest of its names may be of the next.
    this.#names = this.#names.filter((name) => name.position >= cursor.position && !due.includes(name));
    for (const { name } of due) {
      const restored = await this.#read(name);
      if (restored === undefined) continue;
      if (!isDeepStrictEqual(restored.state, plain(state))) {
        const { position, sequence } = cursor;
        const reason = `snapshot ${name} is not what a fold from zero gives there`;
        return { flaw: 'snapshot', position, through: position, sequence, reason };
      }
      this.#equal += 1;
    }
    return undefined;
  }

  async #read(name: string) {
    try {
      return await readSnapshot(this.#bucket, name);
    } catch (caught) {
      if (!(caught instanceof Failure) || (caught.code !== 'unsupported' && caught.code !== 'bundle-missing'))
        throw caught;
      this.#unread.push(name);
      return undefined;
    }
  }
}

/** As it would come back from a snapshot: fields without a value are gone. */
function plain(state: FleetState): FleetState {
  return thawState(JSON.parse(JSON.stringify(freezeState(state))));
}
