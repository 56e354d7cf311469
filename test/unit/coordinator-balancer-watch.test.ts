import { describe, expect, it } from 'vitest';
import { balancerLeaseMs, BalancerWatch } from '../../src/coordinator/balancer-watch.ts';
import type { Proposal } from '../../src/domain/propose.ts';
import { appliedKey, emptyObserved } from '../../src/projections/observed.ts';
import type { BalancerId, GroupId } from '../../schemas/ids.ts';
import { append, epoch, fact, founded, stateOf } from '../support/decider-spec.ts';
import { created } from '../support/fleet-facts.ts';
import { ManualClock } from './client/fake-bus.ts';

const balancer = 'lb1' as BalancerId;
const registers = (groups: string[]) => fact('balancer.registered', { balancer, kind: 'haproxy', groups });

/** A leader that began long before anything that happens here. */
async function watching() {
  const state = stateOf(founded);
  const observed = emptyObserved();
  const clock = new ManualClock();
  await clock.advance(1_000_000);
  const said: Proposal[] = [];
  const hearing = { silenceSince: (seenAt: number) => clock.now() - Math.max(seenAt, epoch) };
  const watch = new BalancerWatch({ state, observed, hearing, clock, propose: (proposal) => said.push(proposal) });
  return {
    state,
    /** Looks each second, for so long. */
    async after(ms: number): Promise<string[]> {
      for (let passed = 0; passed <= ms; passed += 1_000) {
        watch.look();
        await clock.advance(1_000);
      }
      return said.splice(0).map(({ type }) => type);
    },
    hears(group: string): void {
      const stamp = { log: 'log-0001' as never, term: 1, position: 1 };
      const applied = { ...stamp, balancer, group: group as GroupId, servers: 0, inFlight: [] };
      observed.appliedByKey.set(appliedKey(balancer, group as GroupId), { applied, seenAt: clock.now() });
    },
  };
}

describe('a balancer', () => {
  it('has a full lease from when it registered, however long the leader has led', async () => {
    const fleet = await watching();
    await fleet.after(balancerLeaseMs);
    append(fleet.state, registers(['production']));
    expect(await fleet.after(balancerLeaseMs - 1_000)).toEqual([]);
    expect(await fleet.after(2_000)).toContain('balancer.lost');
  });

  it('is not lost for saying nothing of groups that are not there, and has a full lease once one is', async () => {
    const fleet = await watching();
    append(fleet.state, registers(['edge']));
    expect(await fleet.after(10 * balancerLeaseMs)).toEqual([]);
    append(fleet.state, created('edge'));
    expect(await fleet.after(balancerLeaseMs - 1_000)).toEqual([]);
    expect(await fleet.after(2_000)).toContain('balancer.lost');
  });

  it('is lost a lease after its last word', async () => {
    const fleet = await watching();
    append(fleet.state, registers(['production']));
    await fleet.after(1_000);
    fleet.hears('production');
    expect(await fleet.after(balancerLeaseMs - 1_000)).toEqual([]);
    expect(await fleet.after(2_000)).toContain('balancer.lost');
  });
});
