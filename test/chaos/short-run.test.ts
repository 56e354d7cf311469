/** Half a minute of chaos from one seed, as anybody would run it: see `main.ts` for more of it. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { debianProgram } from '../support/nats-versions.ts';

/** What goes wrong takes half a minute; a fleet to start, to come to rest and to be examined takes the rest. */
const timeoutMs = 240_000;
const found = debianProgram('nats-2.10');

describe('half a minute of chaos', { timeout: timeoutMs }, () => {
  it('loses no command, no request but those on a gateway at fault, and ends with all copies the same', (context) => {
    if (found.status === 'missing') return context.skip(found.why);
    const args = ['--import', 'tsx', 'test/chaos/main.ts', '--minutes', '0.5', '--seed', '1'];
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: timeoutMs });
    expect(`${run.stdout}${run.stderr}`).toMatch(/chaos: seed 1 held/);
    expect(run.status).toBe(0);
  });
});
