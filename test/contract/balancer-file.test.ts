import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import type { GroupId } from '../../schemas/ids.ts';
import { eventually } from '../support/eventually.ts';
import { createFileRig } from '../support/file-rig.ts';
import { balancerContract } from './balancer.contract.ts';

balancerContract('file', createFileRig, { runsProgram: false, countsInFlight: false, resolvesHosts: false });

it('lets what its command leaves running go on writing', async () => {
  const rig = await createFileRig();
  const written = join(rig.dataDirectory, 'written');
  const command = `(for i in 1 2 3 4; do sleep 0.2; echo line; done; echo all > ${written}) & exit 0`;
  const balancer = rig.create({ command });
  await balancer.apply({ group: 'production' as GroupId, servers: [] });
  await eventually(() => readFileSync(written, 'utf8') === 'all\n', { what: 'all to be written' });
  await balancer.stop();
  await rig.cleanUp();
});
