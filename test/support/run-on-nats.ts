/**
 * `npm run test:nats -- [2.9|2.10|2.15] [3] [-- vitest arguments]`: the integration suite on another NATS than the one on
 * the PATH. Without arguments: one server on 2.9, one and three on 2.10 and on 2.15, one after the other.
 */
import { spawnSync } from 'node:child_process';
import type { NatsChoice } from './nats-choice.ts';

const split = process.argv.indexOf('--');
const own = process.argv.slice(2, split < 0 ? undefined : split);
const vitest = split < 0 ? [] : process.argv.slice(split + 1);

type Chosen = Partial<NatsChoice>;
const versions = { '2.9': undefined, '2.10': 'nats-2.10', '2.15': 'nats-2.15' } as const;

function choices(): Chosen[] {
  const [version, servers] = own;
  if (version === undefined) {
    return [
      {},
      { version: 'nats-2.10' },
      { version: 'nats-2.10', servers: 3 },
      { version: 'nats-2.15' },
      { version: 'nats-2.15', servers: 3 },
    ];
  }
  if (!Object.hasOwn(versions, version)) throw new Error(`there are: ${Object.keys(versions).join(', ')}`);
  const chosen = versions[version as keyof typeof versions];
  return [{ ...(chosen === undefined ? {} : { version: chosen }), servers: servers === '3' ? 3 : 1 }];
}

let failed = 0;
for (const choice of choices()) {
  process.stdout.write(`\n== the integration suite on ${JSON.stringify(choice)}\n`);
  const env = { ...process.env, MUSTER_TEST_NATS: JSON.stringify(choice) };
  const args = ['vitest', 'run', '--project', 'integration', '--project', 'contract', ...vitest];
  const { status } = spawnSync('npx', args, { stdio: 'inherit', env });
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
