/** `muster audit …` */
import { readFile, writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { Verdict } from '../../../src/audit/verify.ts';
import { exitCodes } from '../exit-codes.ts';
import { type History, withHistory } from '../history.ts';
import { createOutput, complaintOfThrown } from '../output.ts';
import { globalOptions } from '../session.ts';
import type { Paint } from '../paint.ts';
import { withCoordinator } from '../present.ts';
import { renderFields } from '../table.ts';

export function addAudit(program: Command): void {
  const audit = program
    .command('audit')
    .summary('prove the log, and take it along')
    .description('The log is what the fleet is: prove it, and export it so that it proves itself anywhere.');
  audit
    .command('verify [file]')
    .description('prove the log of the fleet, or an exported one; says what is wrong first, and how')
    .option('--key <public.pem>', "the leader's public key: without it a log is whole at best, never proven")
    .action((file: string | undefined, { key }: { key?: string }, command: Command) => verifyLog(command, file, key));
  audit
    .command('export <file>')
    .description('write the whole log into a file')
    .option(
      '--key <private.pem>',
      'sign it with this Ed25519 key: the leader signs the log with the one in its data folder',
    )
    .addOption(new Option('--format <format>', 'what to write').choices(['muster', 'cloudevents']).default('muster'))
    .action((file: string, options: ExportOptions, command: Command) => exportTo(command, file, options));
  audit
    .command('key [name]')
    .description(
      "the public key the fleet's log is signed with, as PEM: keep it where nobody who can write to the log can\n" +
        'With NAME: make a key pair, NAME.pem to sign with, NAME.pub.pem to give away.',
    )
    .option('--file <export>', 'from an exported log instead of the fleet')
    .action((name: string | undefined, { file }: { file?: string }, command: Command) =>
      name === undefined ? showKey(command, file) : makeKey(command, name),
    );
}

async function verifyLog(command: Command, file: string | undefined, keyPath: string | undefined): Promise<void> {
  await withHistory(command, file, async (history) => {
    const { source, live, progress, signal, output } = history;
    const key = keyPath === undefined ? undefined : await publicKeyAt(keyPath);
    const answers = live === undefined ? undefined : await answersFor(command, history);
    const { verify } = await import('../../../src/audit/verify.ts');
    const verdict = await verify(source, {
      progress,
      signal,
      ...(key === undefined ? {} : { key }),
      ...(live === undefined ? {} : { snapshots: live.bucket }),
      ...(answers === undefined ? {} : { answers }),
    });
    await output.data(verdict, (paint) => verdictPage({ ...verdict, keyGiven: key !== undefined }, paint));
    return verdict.status === 'whole' ? exitCodes.done : exitCodes.rejected;
  });
}

/** What a coordinator holds, if one answers: verifying a log needs none. */
async function answersFor(command: Command, history: History) {
  const { coordinatorAnswers } = await import('../../../src/audit/coordinator-answers.ts');
  return withCoordinator(command, history, async (muster) =>
    muster === undefined ? undefined : coordinatorAnswers(muster),
  );
}

function verdictPage(verdict: Verdict & { readonly keyGiven: boolean }, paint: Paint): string {
  const { finding, last, records, snapshots, coordinator, voids } = verdict;
  const fields: [string, string][] = [
    ['log', verdict.log ?? '-'],
    ['read', `${records} records, up to position ${last} in term ${verdict.term}`],
    ['last hash', verdict.lastHash === '' ? '-' : verdict.lastHash],
    ['proven', provenText(verdict)],
  ];
  if (snapshots !== null) {
    const strange = snapshots.strange.length === 0 ? '' : `, ${snapshots.strange.length} of no record of this log`;
    fields.push(['snapshots', `${snapshots.equal} equal to the fold from zero${strange}`]);
  }
  if (coordinator !== null) fields.push(['coordinator', `${coordinator.equal} answers equal to the fold from zero`]);
  if (voids.length > 0) fields.push(['void', `records ${voids.join(', ')}: written after their term was over`]);
  const page = renderFields(fields, paint);
  if (finding === undefined) return `${paint.green('whole')}\n\n${page}`;
  const { flaw, position, through, sequence, reason } = finding;
  const where = through > position ? `positions ${position} to ${through}` : `position ${position}`;
  return `${paint.red(flaw)} at ${where} (record ${sequence}): ${reason}\n\n${page}`;
}

function provenText({ proven, checkpoints, keyGiven }: Verdict & { readonly keyGiven: boolean }): string {
  if (proven !== null) return `up to position ${proven.through}, by ${proven.by}`;
  return keyGiven
    ? `by nothing this key signed (${checkpoints} checkpoints)`
    : 'by nobody: give --key (see: muster audit key)';
}

interface ExportOptions {
  readonly key?: string;
  readonly format: 'muster' | 'cloudevents';
}

async function exportTo(command: Command, path: string, { key: keyPath, format }: ExportOptions): Promise<void> {
  await withHistory(command, undefined, async ({ source, fleet, progress, signal, output }) => {
    if (format === 'cloudevents') {
      const { exportCloudEvents } = await import('../../../src/audit/cloud-events.ts');
      const last = await exportCloudEvents(source, { path, fleet, progress, signal });
      await output.data({ path, last }, () => `${path}: CloudEvents up to position ${last}`);
      return exitCodes.done;
    }
    const { exportLog } = await import('../../../src/audit/export.ts');
    const { signingKeyFromPem } = await import('../../../src/proof/keys.ts');
    const key = keyPath === undefined ? undefined : signingKeyFromPem(await textAt(keyPath));
    const { clock } = progress;
    const signing = key === undefined ? {} : { key };
    const manifest = await exportLog(source, { path, fleet, clock, progress, signal, ...signing });
    const { marks: _marks, ...summary } = manifest;
    await output.data({ path, ...summary }, (paint) => {
      const by =
        manifest.key === null ? paint.yellow('nobody: no key will prove it as a whole (see --key)') : manifest.key;
      return renderFields(
        [
          ['file', path],
          ['positions', `1 to ${manifest.last}, in ${manifest.records} records`],
          ['signed by', by],
        ],
        paint,
      );
    });
    return exitCodes.done;
  });
}

async function showKey(command: Command, file: string | undefined): Promise<void> {
  await withHistory(command, file, async (history) => {
    const { stateNow } = await import('../../../src/audit/as-of.ts');
    const { pemOfText } = await import('../../../src/proof/keys.ts');
    const { source, live, progress, signal, output } = history;
    const { state } = await stateNow({ source, progress, signal, ...(live === undefined ? {} : { live }) });
    if (state.signer === null) {
      const next = 'start its coordinators without --key, or all with the same one';
      output.complain({ code: 'unsigned', message: 'nobody has signed this log', next });
      return exitCodes.rejected;
    }
    const { key, publicKey } = state.signer;
    const pem = pemOfText(publicKey);
    await output.data({ key, publicKey: pem }, () => pem.trimEnd());
    return exitCodes.done;
  });
}

async function makeKey(command: Command, name: string): Promise<void> {
  const output = createOutput(globalOptions(command));
  try {
    const { generateSigningKey, pemOf } = await import('../../../src/proof/keys.ts');
    const key = generateSigningKey();
    const [secret, open] = [`${name}.pem`, `${name}.pub.pem`];
    // Never over a key that is there: what it signed would be unproven for good.
    await writeFile(secret, pemOf(key), { mode: 0o600, flag: 'wx' });
    await writeFile(open, pemOf(key.publicKey), { flag: 'wx' });
    await output.data(
      { key: key.id, secret, public: open },
      () => `key ${key.id}: ${secret} to sign with, ${open} to give away`,
    );
    process.exitCode = exitCodes.done;
  } catch (caught) {
    const { Failure } = await import('../../../src/std/failure.ts');
    const failure = Failure.from(caught, { code: 'config-invalid', retryable: false, message: 'making a key' });
    const { complaint, exitCode } = complaintOfThrown(failure, '');
    output.complain(complaint);
    process.exitCode = exitCode;
  }
}

async function publicKeyAt(path: string) {
  const { publicKeyFromPem } = await import('../../../src/proof/keys.ts');
  return publicKeyFromPem(await textAt(path));
}

async function textAt(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (caught) {
    const { Failure } = await import('../../../src/std/failure.ts');
    throw Failure.from(caught, { code: 'config-invalid', retryable: false, message: `reading ${path}` });
  }
}
