/** Drills on the balancer: its program dies, the pool sync dies, both do. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServerId } from '../../schemas/ids.ts';
import { answer, balancerKinds, type DrillFleet, group, startDrillFleet, steady } from '../support/drill-fleet.ts';
import { eventually } from '../support/eventually.ts';
import { lossesOf, type SteadyLoad, startLoad } from '../support/steady-load.ts';

const names = ['gw1', 'gw2', 'gw3'];
/** Longer than nginx takes from one reload to the next, twice: a drain must be confirmed, not cut off. */
const drainTimeoutMs = 5_000;
/** A leaving whose balancer is dead takes its whole drain. */
const leaveTimeoutMs = 4 * drainTimeoutMs;

describe.each(balancerKinds)('with %s', (kind) => {
  let drill: DrillFleet;
  let load: SteadyLoad | undefined;

  beforeAll(async () => {
    drill = await startDrillFleet({ kind, gateways: names, policy: { drainTimeoutMs } });
  });
  beforeEach(async () => {
    for (const { server, status } of await drill.servers()) {
      if (status === 'available') await drill.must('server.join', { server, group });
    }
    await drill.settles(...names);
  });
  afterEach(async () => {
    await load?.stop();
    load = undefined;
  });
  afterAll(() => drill?.stop());

  const pids = () => drill.fleet.balancerPids(kind);
  const killProgram = async () => {
    for (const pid of await pids()) process.kill(pid, 'SIGKILL');
  };
  const leave = async (server: string) => {
    await drill.must('server.leave', { server: server as ServerId });
    await eventually(async () => (await drill.server(server)).status === 'available', {
      what: `${server} to leave`,
      timeoutMs: leaveTimeoutMs,
    });
  };
  const answers = async (path = '/hello') => (await answer(drill.fleet.origin(group), path)).status === 200;

  it('its program killed with -9 is started again with the right pool before it takes traffic', async () => {
    await leave('gw1');
    load = await drill.load();
    const before = new Set(await pids());
    await killProgram();
    const backAt = await eventually(async () => {
      const now = await pids();
      return now.length > 0 && now.every((pid) => !before.has(pid)) && (await answers()) && Date.now();
    });
    const requests = load.result.requests;
    await eventually(() => (load?.result.requests ?? 0) > requests + 500, { what: 'the load to go on' });
    const { failures, answersByServer } = await load.stop();
    expect(lossesOf(kind, failures).filter(({ beganAt }) => beganAt > backAt)).toEqual([]);
    // One out of the pool would have answered that it serves nothing, and one unknown would have no name.
    expect([...answersByServer.keys()].filter((name) => name !== 'none').sort()).toEqual(['gw2', 'gw3']);
    // Its pool sync says what was wrong until its next look, which a failed one puts off by up to 2 s.
    await eventually(async () => (await drill.pool()).balancers.every(({ error }) => error === null), {
      what: 'its pool sync to say that nothing is wrong',
    });
  });

  it('goes on when its pool sync is killed, and a new one adopts it', async () => {
    load = await drill.load();
    const before = await pids();
    await drill.balancer.kill('SIGKILL');
    const requests = load.result.requests;
    await eventually(() => (load?.result.requests ?? 0) > requests + 500, { what: 'the load to go on' });
    const startedAt = Date.now();
    drill.balancer = await drill.fleet.startBalancer([group], kind);
    // A process takes seconds to start on a busy machine: a drain begun before would end by its deadline, and cut off.
    await eventually(async () => (await drill.pool()).balancers.every(({ seenAt }) => (seenAt ?? 0) > startedAt), {
      what: 'the new pool sync to be heard',
      timeoutMs: leaveTimeoutMs,
    });
    await leave('gw1');
    await drill.settles('gw2', 'gw3');
    const left = load.result.answersByServer.get('gw1');
    const since = load.result.requests;
    await eventually(() => (load?.result.requests ?? 0) > since + 500);
    expect(lossesOf(kind, (await load.stop()).failures)).toEqual([]);
    expect(load.result.answersByServer.get('gw1')).toBe(left);
    // Adopted, not started again. A change is a reload in nginx: its workers are others, its master is not.
    expect((await pids()).slice(0, kind === 'nginx' ? 1 : undefined)).toEqual(
      kind === 'nginx' ? before.slice(0, 1) : before,
    );
    const gone = (await drill.events('server.left')).at(-1);
    expect(gone?.data.evidence).toMatchObject({ deadlinePassed: false });
  });

  it('started after both were killed, it takes no traffic for a server that has left meanwhile', async () => {
    await drill.balancer.kill('SIGKILL');
    await killProgram();
    await leave('gw1');
    // From before it starts: the first answers count most.
    load = startLoad({ ...steady, origin: drill.fleet.origin(group) });
    drill.balancer = await drill.fleet.startBalancer([group], kind);
    await eventually(() => (load?.result.answersByServer.get('gw2') ?? 0) > 100, { what: 'answers' });
    const { failures, answersByServer } = await load.stop();
    expect(lossesOf(kind, failures).filter(({ status }) => status !== undefined)).toEqual([]);
    expect([...answersByServer.keys()].sort()).toEqual(['gw2', 'gw3']);
  });
});
