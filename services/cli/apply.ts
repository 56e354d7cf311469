/** Carries a plan out, change by change, as long as the fleet is still what the plan was made on. */
import type { CommandId, Position } from '../../schemas/ids.ts';
import type { SendOutcome } from '../../src/client/command-sender.ts';
import { type AsOfOptions, stateAt, stateNow } from '../../src/audit/as-of.ts';
import { type FleetPlan, type PlannedChange, planOf } from '../../src/fleet-file/plan.ts';
import { changedSince } from '../../src/fleet-file/reads.ts';
import { sendOptions, settle } from './change.ts';
import type { ChangeOptions } from './change-options.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type DeclaredFleet, tokenOf } from './fleet-file.ts';
import type { Session } from './session.ts';

interface Planned {
  readonly declared: DeclaredFleet;
  readonly prune: boolean;
  readonly position: Position;
  readonly token: string;
}

type Rechecked =
  | { readonly status: 'holds'; readonly plan: FleetPlan }
  | { readonly status: 'changed'; readonly message: string };

/** Everything a message about changes names, at most. */
const changesNamedMax = 5;

/** Plans again, at the position of the plan and now, and compares what both looked at. */
export async function recheck(asOf: AsOfOptions, { declared, prune, position, token }: Planned): Promise<Rechecked> {
  if (tokenOf(position, declared, prune) !== token) {
    return { status: 'changed', message: 'the file, a folder it names, or --prune is not what was planned with' };
  }
  const then = planOf((await stateAt(asOf, { position })).state, { ...declared, prune });
  const plan = planOf((await stateNow(asOf)).state, { ...declared, prune });
  const changed = changedSince(then.reads, plan.reads);
  if (changed.length === 0) return { status: 'holds', plan };
  const named = changed
    .slice(0, changesNamedMax)
    .map(
      ({ what, before, now }) =>
        `${what} (${now === 0 ? 'is gone' : `at position ${now}`}${before === 0 ? ', was not there' : ''})`,
    );
  const more = changed.length > changesNamedMax ? ` and ${changed.length - changesNamedMax} more` : '';
  return { status: 'changed', message: `changed since the plan was made: ${named.join(', ')}${more}` };
}

interface CarriedOut {
  readonly plan: FleetPlan;
  /** Names the commands, so that an apply that is repeated after a lost answer has one effect. */
  readonly token: string;
  readonly options: ChangeOptions;
}

/** Stops at the first change that is refused or does not end well; those before it stand. */
export async function carryOutPlan(session: Session, { plan, token, options }: CarriedOut): Promise<ExitCode> {
  const { output } = session;
  const { changes, reads } = plan;
  if (changes.length === 0) {
    await output.data({ status: 'unchanged' }, () => 'nothing to change: the fleet is what the file declares');
    return exitCodes.done;
  }
  const changedAtByWhat = new Map(reads.map(({ what, changedAt }) => [what, changedAt]));
  const done: unknown[] = [];
  // One document at the end for programs; for people a line as each is done.
  const each: Session = {
    ...session,
    output: {
      ...output,
      data: async (data, people) => {
        done.push(data);
        output.step(people(output.paint));
      },
    },
  };
  const conclude = async (status: string, exitCode: ExitCode) => {
    const counted = `${done.length} of ${changes.length} changes carried out`;
    await output.data({ status, changes: changes.length, done }, () => `${status}: ${counted}`);
    return exitCode;
  };
  for (const [index, change] of changes.entries()) {
    output.step(`${output.paint.bold(`${index + 1} of ${changes.length}`)}    ${change.text}`);
    const outcome = await send(session, {
      change,
      options: { ...options, id: `apply-${token}-${index + 1}` },
      ifPosition: changedAtByWhat.get(change.on),
    });
    if (outcome.status === 'accepted') changedAtByWhat.set(change.on, outcome.position);
    const exitCode = await settle(each, outcome, options);
    if (exitCode !== exitCodes.done) return conclude(`stopped at change ${index + 1}`, exitCode);
  }
  return conclude('done', exitCodes.done);
}

interface Sent {
  readonly change: PlannedChange;
  readonly options: ChangeOptions & { readonly id: string };
  readonly ifPosition: Position | undefined;
}

async function send(session: Session, { change, options, ifPosition }: Sent): Promise<SendOutcome> {
  const { muster } = session;
  const { command, folder } = change;
  const asked = sendOptions(session, { ...options, ...(ifPosition === undefined ? {} : { ifPosition }) });
  if (command.type === 'project.publish' && folder !== undefined) {
    return (await muster.publishProject(folder, command.payload.version, asked)).outcome;
  }
  return muster.send(command.type, command.payload, { ...asked, id: options.id as CommandId });
}
