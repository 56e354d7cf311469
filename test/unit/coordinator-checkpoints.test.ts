/** When a leader signs its log, with what, and when it leaves it. */
import { describe, expect, it } from 'vitest';
import type { LogId } from '../../schemas/ids.ts';
import type { Event } from '../../schemas/events.ts';
import { Checkpoints, type Signer } from '../../src/coordinator/checkpoints.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import type { Proposal } from '../../src/domain/propose.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { isCheckpointOf } from '../../src/proof/checkpoint.ts';
import { generateSigningKey, type SigningKey } from '../../src/proof/keys.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const log = 'log-of-checkpoints' as LogId;
const [ours, others] = [generateSigningKey(), generateSigningKey()];
const timing = { checkpointEvents: 10, checkpointMs: 60_000 };
const somethings = (count: number) => Array.from({ length: count }, () => ({ type: 'server.joined' }) as Event);

interface Given {
  readonly signer?: Signer | undefined;
  /** Whose key the log names. */
  readonly current?: SigningKey;
}

function leading({ signer = { key: ours }, current }: Given) {
  const state = { ...emptyState(), log, term: 3, position: 40 };
  if (current !== undefined) state.signer = { key: current.id, publicKey: '' };
  const proposed: Proposal[] = [];
  const warned: unknown[] = [];
  let time = 0;
  let accepting = true;
  const checkpoints = new Checkpoints({
    signer,
    state,
    cursor: () => ({ ...emptyCursor, log, term: 3, position: 40, sequence: 7, hash: new Uint8Array(32).fill(5) }),
    propose: (proposal) => {
      if (accepting) proposed.push(proposal);
      return accepting;
    },
    clock: {
      now: () => time,
      monotonic: () => time,
      after: () => ({ cancel: () => undefined }),
      soon: () => undefined,
    },
    timing,
    logger: { ...silentLogger, warn: (detail: unknown) => void warned.push(detail) } as typeof silentLogger,
  });
  return {
    checkpoints,
    state,
    warned,
    types: () => proposed.map(({ type }) => type),
    last: () => proposed.at(-1),
    after: (ms: number) => {
      time += ms;
      checkpoints.look();
    },
    accept: (is: boolean) => {
      accepting = is;
    },
  };
}

describe('a leader with a key', () => {
  it('puts it into a log that names none, and signs as soon as it stands there', () => {
    const fleet = leading({});
    fleet.checkpoints.begin();
    expect(fleet.last()).toMatchObject({ type: 'log.key-rotated', data: { key: ours.id, by: ours.id } });
    fleet.after(timing.checkpointMs);
    expect(fleet.types()).toEqual(['log.key-rotated']);
    fleet.state.signer = { key: ours.id, publicKey: '' };
    fleet.checkpoints.acknowledged([{ type: 'log.key-rotated' } as Event]);
    expect(fleet.types()).toEqual(['log.key-rotated', 'log.checkpointed']);
  });

  it('signs one acknowledged record, all of it', () => {
    const fleet = leading({ current: ours });
    fleet.checkpoints.begin();
    fleet.checkpoints.acknowledged(somethings(10));
    const proposal = fleet.last();
    if (proposal?.type !== 'log.checkpointed') throw new Error('no checkpoint');
    expect(proposal.data).toMatchObject({ log, term: 3, position: 40, sequence: 7, hash: '05'.repeat(32) });
    expect(isCheckpointOf(proposal.data, ours.publicKey)).toBe(true);
  });

  it('signs after so many events, else so long after the first', () => {
    const fleet = leading({ current: ours });
    fleet.checkpoints.acknowledged(somethings(8));
    expect(fleet.types()).toEqual([]);
    fleet.checkpoints.acknowledged(somethings(1));
    expect(fleet.types()).toHaveLength(1);
    fleet.checkpoints.acknowledged(somethings(1));
    fleet.after(timing.checkpointMs - 1);
    expect(fleet.types()).toHaveLength(1);
    fleet.after(1);
    expect(fleet.types()).toHaveLength(2);
  });

  it('signs nothing for the sake of its own checkpoint', () => {
    const fleet = leading({ current: ours });
    fleet.after(timing.checkpointMs);
    expect(fleet.types()).toHaveLength(1);
    for (let time = 0; time < 50; time += 1) {
      fleet.checkpoints.acknowledged([{ type: 'log.checkpointed' } as Event]);
      fleet.after(timing.checkpointMs);
    }
    expect(fleet.types()).toHaveLength(1);
  });

  it('tries again when there is time, where the log had gone too far ahead', () => {
    const fleet = leading({ current: ours });
    fleet.accept(false);
    fleet.checkpoints.acknowledged(somethings(20));
    fleet.accept(true);
    fleet.checkpoints.acknowledged(somethings(20));
    expect(fleet.types()).toEqual([]);
    fleet.after(1);
    expect(fleet.types()).toEqual(['log.checkpointed']);
  });
});

describe('a leader whose key the log does not name', () => {
  it('says so, and signs nothing', () => {
    const fleet = leading({ current: others });
    fleet.checkpoints.begin();
    fleet.checkpoints.acknowledged(somethings(100));
    fleet.after(timing.checkpointMs);
    expect(fleet.types()).toEqual([]);
    expect(fleet.warned).toEqual([{ current: others.id, ours: ours.id }]);
  });

  it('takes over where it has the key before, which vouches for its own', () => {
    const fleet = leading({ signer: { key: ours, previous: others }, current: others });
    fleet.checkpoints.begin();
    expect(fleet.last()).toMatchObject({ type: 'log.key-rotated', data: { key: ours.id, by: others.id } });
  });
});
