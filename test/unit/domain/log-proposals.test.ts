/** The leader's signatures in its own log: what is signed, by whom, and that they touch nothing else. */
import { describe, expect, it } from 'vitest';
import { checkpointPositionsMax } from '../../../src/domain/log-proposals.ts';
import type { Proposal } from '../../../src/domain/propose.ts';
import { freezeState } from '../../../src/snapshots/frozen-state.ts';
import { created, registered } from '../../support/fleet-facts.ts';
import { given } from '../../support/decider-spec.ts';

const [first, second] = ['0'.repeat(32), '1'.repeat(32)] as const;
const overtaken = expect.objectContaining({ code: 'overtaken' });
const spec = () => given(created('edge'), registered('s1'));
type Spec = ReturnType<typeof spec>;

const rotated = ({ state }: Spec, key: string, by = key) =>
  ({ type: 'log.key-rotated', data: { log: state.log, publicKey: 'a2V5', key, by, signature: 'cw==' } }) as Proposal;
const signed = ({ state }: Spec, changes: object = {}) => {
  const { log, term, position } = state;
  const data = { log, term, position, sequence: 1, hash: 'a'.repeat(64), key: first, signature: 'cw==', ...changes };
  return { type: 'log.checkpointed', data } as Proposal;
};

describe('the key a log is signed with', () => {
  it('vouches for itself when it is the first, and from then on for the next', () => {
    const it = spec();
    expect(it.proposed(rotated(it, first, second))).toEqual(overtaken);
    expect(it.proposed(rotated(it, first))).toMatchObject({ type: 'log.key-rotated', principal: 'system' });
    expect(it.state.signer).toEqual({ key: first, publicKey: 'a2V5' });
    expect(it.proposed(rotated(it, first))).toEqual(overtaken);
    expect(it.proposed(rotated(it, second))).toEqual(overtaken);
    expect(it.proposed(rotated(it, second, first))).toMatchObject({ data: { key: second, by: first } });
  });
});

describe('a checkpoint', () => {
  it('is by the key that signs now, about this log, and about what is there', () => {
    const it = spec();
    expect(it.proposed(signed(it))).toEqual(overtaken);
    it.proposed(rotated(it, first));
    for (const wrong of [{ key: second }, { log: 'another-log' }, { position: it.state.position + 1 }, { term: 99 }]) {
      expect(it.proposed(signed(it, wrong))).toEqual(overtaken);
    }
    expect(it.proposed(signed(it))).toMatchObject({ type: 'log.checkpointed' });
  });

  it('is refused once the log has gone on out of its reach', () => {
    const it = spec();
    it.proposed(rotated(it, first));
    const early = signed(it);
    it.state.position += checkpointPositionsMax;
    expect(it.proposed(early)).toMatchObject({ type: 'log.checkpointed' });
    expect(it.proposed(early)).toEqual(overtaken);
  });

  it('changes nothing but where the log ends', () => {
    const it = spec();
    it.proposed(rotated(it, first));
    const before = JSON.parse(JSON.stringify(freezeState(it.state)));
    it.proposed(signed(it));
    const { position, at } = it.state;
    expect(freezeState(it.state)).toEqual({ ...before, position, at });
    expect(position).toBe(before.position + 1);
  });
});
