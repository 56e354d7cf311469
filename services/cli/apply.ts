/** Carries a plan out for a person: a line as each change is done, and one document at the end for programs. */
import type { SendOutcome } from '../../src/client/command-sender.ts';
import { carryOutPlan, type DueChange } from '../../src/changes/carry-out-plan.ts';
import type { FleetPlan } from '../../src/fleet-file/plan.ts';
import { sendOptions, settle } from './change.ts';
import type { ChangeOptions } from './change-options.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Session } from './session.ts';

interface Applied {
  readonly plan: FleetPlan;
  readonly token: string;
  readonly options: ChangeOptions;
}

export async function applyPlan(session: Session, { plan, token, options }: Applied): Promise<ExitCode> {
  const { output } = session;
  const { changes } = plan;
  if (changes.length === 0) {
    await output.data({ status: 'unchanged' }, () => 'nothing to change: the fleet is what the file declares');
    return exitCodes.done;
  }
  const done: unknown[] = [];
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
  const carried = await carryOutPlan<ExitCode>({
    plan,
    token,
    send: (due) => {
      output.step(`${output.paint.bold(`${due.number} of ${due.of}`)}    ${due.change.text}`);
      return send(session, due, options);
    },
    settle: async (outcome) => {
      const exitCode = await settle(each, outcome, options);
      return exitCode === exitCodes.done ? undefined : exitCode;
    },
  });
  const status = carried.status === 'done' ? 'done' : `stopped at change ${carried.at}`;
  const counted = `${done.length} of ${changes.length} changes carried out`;
  await output.data({ status, changes: changes.length, done }, () => `${status}: ${counted}`);
  return carried.status === 'done' ? exitCodes.done : carried.because;
}

function send(session: Session, due: DueChange, options: ChangeOptions): Promise<SendOutcome> {
  const { muster } = session;
  const { change, id, ifPosition } = due;
  const { command, folder } = change;
  const asked = sendOptions(session, { ...options, id, ...(ifPosition === undefined ? {} : { ifPosition }) });
  if (command.type === 'project.publish' && folder !== undefined) {
    return muster.publishProject(folder, command.payload.version, asked).then(({ outcome }) => outcome);
  }
  return muster.send(command.type, command.payload, asked);
}
