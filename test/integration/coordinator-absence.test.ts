/** A coordinator among servers that fall silent, are unwell, come back; and pools that shrink no further than they may. */
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { leaseMs, production, type ScriptedStage } from '../support/scripted-stage.ts';
import { stagedTests } from '../support/staged-tests.ts';

const given = stagedTests();
let stage: ScriptedStage;

beforeEach(() => {
  ({ stage } = given);
});

describe('a server that falls silent', () => {
  it('is lost after its lease and out of the pool, and in again once it is back and has proved its set', async () => {
    await stage.deploy('1.0.0');
    const [s1] = await stage.pool('s1', 's2', 's3');
    const silentAt = Date.now();
    s1.now.silent = true;
    await stage.becomes('s1', 'lost');
    expect(Date.now() - silentAt).toBeGreaterThan(leaseMs - 200);
    await eventually(async () => (await stage.admin('s1')) === 'gone' && (await stage.size()) === 2);
    await stage.told.caughtUp();
    const [lost] = stage.told.of('server.lost');
    expect(lost?.data).toMatchObject({ server: 's1', cause: 'silent', held: false, evidence: { leaseMs } });
    const before = lost?.position ?? 0;
    s1.now.silent = false;
    await stage.becomes('s1', 'ready');
    await eventually(async () => (await stage.admin('s1')) === 'ready' && (await stage.size()) === 3);
    await stage.told.caughtUp();
    const [returned, ready] = stage.told.events.filter(
      ({ position, type }) => position > before && (type === 'server.returned' || type === 'server.ready'),
    );
    expect(returned).toMatchObject({ type: 'server.returned', data: { server: 's1' } });
    expect(ready).toMatchObject({ type: 'server.ready', data: { server: 's1', covers: returned?.position } });
  });

  it('has a full lease from a new leader before it is lost', async () => {
    await stage.configure({ leaseMs: 2_000 });
    const [s1] = await stage.pool('s1', 's2', 's3');
    await stage.replaceCoordinator(() => {
      s1.now.silent = true;
    });
    await stage.becomes('s1', 'lost');
    await stage.told.caughtUp();
    const elected = stage.told.of('coordinator.elected').at(-1);
    const lost = stage.told.of('server.lost');
    expect(lost).toMatchObject([{ data: { server: 's1' } }]);
    expect((lost[0]?.at ?? 0) - (elected?.at ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('never takes the pool below its floor with others: the rest are held, said so, and released when they are back', async () => {
    const servers = await stage.pool('s1', 's2', 's3', 's4', 's5');
    for (const server of servers.slice(0, 3)) server.now.silent = true;
    const held = await eventually(() => stage.told.of('pool.held')[0], { what: 'the pool to be held' });
    expect(held.data).toMatchObject({ group: production, size: 5, floor: 3 });
    await eventually(() => stage.told.of('server.lost').length === 3);
    expect(stage.told.of('server.lost').map(({ data }) => data.held)).toEqual([false, false, true]);
    await eventually(async () => (await stage.size()) === 3);
    const kept = held.data.servers[0] as string;
    expect(await stage.admin(kept)).toBe('ready');
    expect(await stage.view(kept)).toMatchObject({ status: 'lost', inPool: true });
    for (const server of servers) server.now.silent = false;
    await eventually(() => stage.told.of('pool.released').length === 1, { what: 'the pool to be released' });
    await eventually(async () => (await stage.size()) === 5);
    for (const { name } of servers) await stage.becomes(name, 'ready');
  });

  it('stays in the pool when it is the last', async () => {
    const [s1] = await stage.pool('s1');
    s1.now.silent = true;
    await stage.becomes('s1', 'lost');
    // The feed follows the log.
    await eventually(() => stage.told.of('server.lost').length === 1, { what: 'the loss to be told' });
    expect(stage.told.of('server.lost')[0]?.data.held).toBe(true);
    expect(await stage.admin('s1')).toBe('ready');
  });
});

describe('a server that says it is not well', () => {
  it('is taken out after three readings, and comes back when it is well', async () => {
    const [s1] = await stage.pool('s1', 's2', 's3');
    s1.now.unwell = true;
    await eventually(async () => (await stage.admin('s1')) === 'gone');
    await eventually(() => stage.told.of('server.lost').length === 1, { what: 'the loss to be told' });
    expect(stage.told.of('server.lost')[0]?.data).toMatchObject({ server: 's1', cause: 'unhealthy', held: false });
    s1.now.unwell = false;
    await eventually(async () => (await stage.admin('s1')) === 'ready' && (await stage.size()) === 3);
  });
});
