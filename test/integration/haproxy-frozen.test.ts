/** A HAProxy that is frozen: it answers nothing, and is ended all the same. */
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHaproxyRig } from '../support/haproxy-rig.ts';
import { startHttpBackend } from '../support/http-backend.ts';
import { poolOf } from '../support/pool-load.ts';

it('is ended when its keeper stops', async () => {
  const rig = await createHaproxyRig();
  const s1 = await startHttpBackend('s1');
  const balancer = rig.create();
  const pids: number[] = [];
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  try {
    await balancer.start([poolOf(new Map([['s1', s1]]))]);
    pids.push(...(await rig.pidsIn('')));
    expect(pids).toHaveLength(2);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await balancer.stop();
    await eventually(() => !pids.some(isRunning), { what: 'master and worker to be gone' });
  } finally {
    for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    await rig.cleanUp();
    await s1.stop();
  }
});
