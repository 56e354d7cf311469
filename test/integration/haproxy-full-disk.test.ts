/** HAProxy's keeper on a disk that takes nothing: a change fails, and what there is goes on. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHaproxyRig } from '../support/haproxy-rig.ts';
import { startHttpBackend } from '../support/http-backend.ts';
import { poolOf } from '../support/pool-load.ts';

it('starts a HAProxy that was killed again from the file it has, and takes the change once the disk does', async () => {
  const rig = await createHaproxyRig();
  const [s1, s2] = [await startHttpBackend('s1'), await startHttpBackend('s2')];
  const balancer = rig.create();
  const pool = poolOf(new Map([['s1', s1]]));
  const larger = poolOf(
    new Map([
      ['s1', s1],
      ['s2', s2],
    ]),
  );
  try {
    await balancer.start([pool]);
    const { listen } = await balancer.apply(pool);
    mkdirSync(`${rig.dataDirectory}/haproxy.cfg.new`);
    await expect(balancer.apply(larger)).rejects.toMatchObject({ code: 'io' });
    await rig.kill();
    await eventually(async () => (await fetch(listen)).ok, { what: 'HAProxy to be back' });
    rmdirSync(`${rig.dataDirectory}/haproxy.cfg.new`);
    expect((await balancer.apply(larger)).servers).toHaveLength(2);
  } finally {
    await balancer.stop();
    await rig.cleanUp();
    await s1.stop();
    await s2.stop();
  }
});
