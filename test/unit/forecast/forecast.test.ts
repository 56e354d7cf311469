import { describe, expect, it } from 'vitest';
import { freezeState } from '../../../src/snapshots/frozen-state.ts';
import type { Forecast } from '../../../schemas/forecast.ts';
import type { Principal } from '../../../schemas/ids.ts';
import { forecast } from '../../../src/forecast/forecast.ts';
import { append, epoch } from '../../support/decider-spec.ts';
import { published, registered } from '../../support/fleet-facts.ts';
import { inService, type Spec } from '../../support/rollout-spec.ts';

const principal = 'alice' as Principal;
/** Days after everything that was told. */
const now = epoch + 1_000_000;

function ask(spec: Spec, ...commands: { type: string; body: object }[]): Forecast {
  return forecast(spec.state, { commands, principal, now });
}
const typesOf = ({ transitions }: Forecast) =>
  transitions.map((transition) => (transition.kind === 'pool' ? 'pool' : transition.event.type));
const secondsOf = ({ at, transitions }: Forecast) => transitions.map((transition) => (transition.at - at) / 1_000);

describe('a forecast', () => {
  it('leaves the fleet as it is, and says the same each time', () => {
    const spec = inService('s1', 's2');
    const before = JSON.stringify(freezeState(spec.state));
    const asked = { type: 'server.leave', body: { server: 's1' } };
    expect(ask(spec, asked)).toEqual(ask(spec, asked));
    expect(JSON.stringify(freezeState(spec.state))).toBe(before);
  });

  it('shows a server on its way in, up to the pool it enters', () => {
    const told = ask(inService('s1', 's2'), { type: 'server.join', body: { server: 'spare', group: 'edge' } });
    expect(typesOf(told)).toEqual(['server.ready', 'pool']);
    expect(told.transitions.at(-1)).toMatchObject({ entered: ['spare'], draining: [], left: [], serving: 3 });
    expect(told.settled).toBe(true);
  });

  it('shows a server on its way out: no new requests first, then gone', () => {
    const told = ask(inService('s1', 's2'), { type: 'server.leave', body: { server: 's1' } });
    expect(typesOf(told)).toEqual(['pool', 'server.left', 'pool']);
    expect(told.transitions).toMatchObject([{ draining: ['s1'], serving: 1 }, {}, { left: ['s1'], serving: 1 }]);
  });

  it('rolls a version through the group, one server after the other, each watched', () => {
    const rollout = { minHealthyMs: 10_000 };
    const body = { group: 'edge', project: 'orders', version: '2', rollout };
    const told = ask(inService('s1', 's2', 's3'), { type: 'deployment.request', body });
    const advanced = told.transitions.filter((each) => each.kind === 'event' && each.event.type === 'rollout.advanced');
    expect(advanced).toHaveLength(3);
    expect(typesOf(told).at(-1)).toBe('rollout.succeeded');
    expect(secondsOf(told).at(-1)).toBeGreaterThanOrEqual(30);
    expect(told.settled).toBe(true);
  });

  it('tells what is decided alone where its bound leaves no room for more, and says so', () => {
    const commands = [{ type: 'server.leave', body: { server: 's1' } }];
    const told = forecast(inService('s1', 's2').state, { commands, principal, now, looksMax: 1 });
    expect(told).toMatchObject({ decisions: [{ status: 'accepted' }], transitions: [], settled: false });
  });

  it('stops where a person is asked for, and says so', () => {
    const strategy = { kind: 'canary', steps: [{ servers: 1, pause: true }], batch: 1 };
    const body = { group: 'edge', project: 'orders', version: '2', rollout: { strategy, minHealthyMs: 0 } };
    const told = ask(inService('s1', 's2', 's3'), { type: 'deployment.request', body });
    expect(typesOf(told).at(-1)).toBe('rollout.paused');
    expect(told).toMatchObject({ settled: true, waiting: [{ group: 'edge' }] });
  });

  it('decides later commands on what earlier ones would have done', () => {
    const spec = inService('s1');
    append(spec.state, published('orders', '9'));
    append(spec.state, registered('other'));
    const told = ask(
      spec,
      { type: 'group.create', body: { group: 'New' } },
      { type: 'server.join', body: { server: 'other', group: 'New' } },
      { type: 'deployment.request', body: { group: 'New', project: 'orders', version: '9' } },
      { type: 'group.create', body: { group: 'New' } },
    );
    expect(told.decisions.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted', 'rejected']);
    expect(told.transitions.some((each) => each.kind === 'pool' && each.entered.includes('other' as never))).toBe(true);
  });

  it('follows nothing where everything is refused', () => {
    const told = ask(inService('s1'), { type: 'server.leave', body: { server: 'nobody' } });
    expect(told).toMatchObject({
      decisions: [{ status: 'rejected', rejection: { code: 'unknown-server' } }],
      transitions: [],
    });
  });
});
