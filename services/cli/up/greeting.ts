/** The last thing `up` says: where to send a request, and what to try next. All of it ready to paste. */
import type { Muster } from '../../../src/client/muster.ts';
import type { Output } from '../output.ts';
import { findProgram } from '../programs.ts';
import type { ServicePlan } from './services.ts';

export interface GreetOptions {
  readonly output: Output;
  readonly plan: ServicePlan;
  readonly signal: AbortSignal;
}

export async function greet(muster: Muster, { output, plan, signal }: GreetOptions): Promise<void> {
  const { paint } = output;
  const answer = await muster.query('groups', {}, { signal });
  const requests = Object.entries(plan.entryByGroup).map(([name, url]) => {
    if (answer.status === 'error') return `  curl ${url}/   ${paint.dim(`# ${name}: ${answer.message}`)}`;
    const group = answer.data.find((found) => found.name === name);
    const project = group?.deployments.map((deployment) => deployment.project).sort()[0];
    const ready = group?.servers.filter(({ status }) => status === 'ready').length ?? 0;
    const note = group === undefined ? 'deleted' : `${ready} of ${group.servers.length} servers ready`;
    return `  curl ${url}/${project ?? ''}   ${paint.dim(`# ${name}: ${note}`)}`;
  });
  const next = [
    ['muster group list', 'how the groups stand'],
    ['muster gateway run --name web3 --listen 127.0.0.1:0', 'start a third gateway; in a terminal of its own'],
    ['muster server join web3 Production', 'and watch it get everything the group runs'],
    ['muster server leave web3', 'drain it; no request fails'],
    ['muster log --follow', 'everything that happens, and who asked'],
  ] as const;
  const width = Math.max(...next.map(([command]) => command.length));
  output.step(
    [
      '',
      paint.bold('The fleet is up.') +
        paint.dim(' No authentication, loopback only. Data: ./.muster. Ctrl-C stops it.'),
      '',
      `Watch it: ${paint.bold(plan.dashboardUrl)}`,
      '',
      'Send a request:',
      ...requests,
      '',
      `Try next ${paint.dim('(in this folder, in another terminal)')}:`,
      ...aliasLines(),
      ...next.map(([command, what]) => `  ${command.padEnd(width)}   ${paint.dim(`# ${what}`)}`),
      '',
    ].join('\n'),
  );
}

/** How to type `muster` where it is not installed. Not `npx`: outside this folder that would fetch a stranger's package. */
function aliasLines(): string[] {
  if (findProgram('muster') !== undefined) return [];
  const main = process.argv[1] ?? '';
  return [`  alias muster=${quoted(['node', ...process.execArgv, main].join(' '))}`];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
