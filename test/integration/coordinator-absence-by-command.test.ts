/** What takes a server out of a pool and back by command: cordon, drain, replace. */
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { production, type ScriptedStage } from '../support/scripted-stage.ts';
import { stagedTests } from '../support/staged-tests.ts';

const given = stagedTests();
let stage: ScriptedStage;

beforeEach(() => {
  ({ stage } = given);
});

describe('a cordoned server', () => {
  it('does not enter the pool until it is uncordoned', async () => {
    const s1 = await stage.start('s1');
    s1.now.slow = true;
    await stage.join('s1');
    await stage.must('server.cordon', { server: 's1' });
    s1.now.slow = false;
    await eventually(() => stage.told.of('server.ready').length > 0, { what: 'its proof' });
    await stage.becomes('s1', 'cordoned');
    expect(await stage.admin('s1')).toBeUndefined();
    await stage.must('server.uncordon', { server: 's1' });
    await eventually(async () => (await stage.admin('s1')) === 'ready');
  });

  it('stays in the pool when it is in', async () => {
    await stage.pool('s1', 's2');
    const before = await stage.play.published();
    await stage.must('server.cordon', { server: 's1' });
    await eventually(async () => (await stage.view('s1'))['cordoned'] === true);
    expect(await stage.admin('s1')).toBe('ready');
    expect((await stage.play.published()).pools).toBe(before.pools);
  });
});

describe('a drained server', () => {
  it('leaves the pool by way of draining, stays a member, and is back by uncordon', async () => {
    await stage.balance('b1');
    const [s1] = await stage.pool('s1', 's2');
    await stage.must('server.drain', { server: 's1' });
    await eventually(async () => (await stage.admin('s1')) === 'gone' && (await stage.size()) === 1);
    await stage.becomes('s1', 'cordoned');
    await stage.told.caughtUp();
    expect(stage.told.of('server.drained')[0]?.data.evidence).toEqual({
      inFlight: 0,
      deadlinePassed: false,
      unconfirmed: [],
    });
    expect(s1.directive).toMatchObject({ serving: 'draining' });
    await stage.must('server.uncordon', { server: 's1' });
    await eventually(async () => (await stage.admin('s1')) === 'ready' && (await stage.size()) === 2);
    expect(s1.directive).toMatchObject({ serving: 'yes' });
  });

  it('that drained itself to stop is back by registering, and by its proof', async () => {
    await stage.balance('b1');
    const [s1] = await stage.pool('s1', 's2');
    await stage.must('server.drain', { server: 's1' }, 'srv_s1');
    await eventually(async () => (await stage.admin('s1')) === 'gone');
    await stage.play.ask('server.register', { server: 's1', address: { host: '127.0.0.1', port: 9_999 } }, 'srv_s1');
    await eventually(async () => (await stage.admin('s1')) === 'ready' && (await stage.size()) === 2);
    expect(s1.directive).toMatchObject({ serving: 'yes' });
    expect((await stage.play.entry(production, 's1'))?.address.port).toBe(9_999);
  });
});

describe('a server that is replaced', () => {
  it('leaves only once the new one is in the pool', async () => {
    await stage.deploy('1.0.0');
    await stage.balance('b1');
    await stage.pool('s1');
    const s2 = await stage.start('s2');
    s2.now.slow = true;
    await stage.must('server.replace', { server: 's1', by: 's2' });
    await eventually(async () => (await stage.play.directive(production, 's2')) !== undefined);
    expect(await stage.admin('s1')).toBe('ready');
    s2.now.slow = false;
    await stage.becomes('s1', 'available');
    expect(await stage.admin('s2')).toBe('ready');
    await stage.told.caughtUp();
    const admitted = stage.told.of('server.ready').find(({ data }) => data.server === 's2');
    const replaced = stage.told.of('server.replaced')[0];
    expect(replaced?.position).toBeGreaterThan(admitted?.position ?? Number.POSITIVE_INFINITY);
  });
});
