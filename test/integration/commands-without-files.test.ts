/** Commands of operators where the process has no file handle left: Node then makes no pipes, and says so by an event. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const sources = join(import.meta.dirname, '..', '..', 'src');
/** Above what Node needs to start. */
const filesMax = 64;

it.each([
  ['agent/drivers/exec/command.ts', "command: ['true'], folder: '/'"],
  ['balancers/file/process.ts', "command: 'true'"],
])('%s says that the command could not be started, and ends nothing', (file, options) => {
  const script = `
    import { closeSync, openSync } from 'node:fs';
    import { runCommand } from '${join(sources, file)}';
    import { systemClock as clock } from '${join(sources, 'std/clock.ts')}';
    const { signal } = new AbortController();
    const held = [];
    try { for (;;) held.push(openSync('/dev/null', 'r')); } catch {}
    const ran = runCommand({ ${options}, environment: {}, timeoutMs: 1_000, clock, signal });
    const text = await ran.then((end) => end?.problem, (error) => error.message);
    await new Promise((resolve) => setImmediate(resolve));
    for (const one of held) closeSync(one);
    process.stdout.write(text);`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `ulimit -n ${filesMax}; exec "$@"`, 'sh', ...node], {
    encoding: 'utf8',
    cwd: join(sources, '..'),
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/EMFILE/);
  expect(status).toBe(0);
});
